"""QuestionnaireResponse against its Questionnaire: which items, where, how many, and each answer by its question.

Source: FHIR R4, QuestionnaireResponse, "Relationship to Questionnaire" and its notes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from careloom.model.records import dataclass
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.resolution import resolve
from careloom.validation.rules.answers import check_answer, check_exclusive, check_occurrences
from careloom.validation.rules.enabling import Level, is_enabled
from careloom.validation.rules.parts import all_items, objects

Item = Mapping[str, Any]


_FINISHED = ("completed", "amended")
"""What is still being filled in, was given up or entered in error, need not be complete."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What stays the same down the tree of items: the definition, and the link ids below each part of it."""

    questionnaire: Item
    link_ids: Mapping[int, frozenset[str]]
    is_finished: bool
    check: Check

    def below(self, question: Item) -> frozenset[str]:
        """The link ids of all that is defined below the Questionnaire or an item."""
        return self.link_ids[id(question)]


def check_questionnaire_response(scope: Scope, check: Check) -> None:
    """Check a response against its Questionnaire, where that can be had."""
    canonical = scope.resource.get("questionnaire")
    if not isinstance(canonical, str):
        return
    questionnaire = _questionnaire(canonical, scope, check)
    path = (scope.path, "questionnaire")
    if questionnaire is None:
        check.warning(
            "not-found", path, f"the Questionnaire {canonical} is not in the loaded definitions", "questionnaire"
        )
        return
    form = _Form(
        questionnaire=questionnaire,
        link_ids=_link_ids(questionnaire),
        is_finished=scope.resource.get("status") in _FINISHED,
        check=check,
    )
    _check_items(questionnaire, scope.resource, scope.path, None, form)


def _link_ids(questionnaire: Item) -> dict[int, frozenset[str]]:
    holders = (questionnaire, *all_items(questionnaire))
    return {id(holder): frozenset(str(item.get("linkId")) for item in all_items(holder)) for holder in holders}


def _questionnaire(canonical: str, scope: Scope, check: Check) -> Item | None:
    if canonical.startswith("#"):
        target = resolve(canonical, scope, check).scope
        return target.resource if target else None
    return check.library.definitions.find(canonical, "Questionnaire")


def _check_items(defined: Item, holder: Item, path: Path, outer: Level | None, form: _Form) -> None:
    """The items in a response, an item or an answer against the questions that are defined there."""
    questions = objects(defined.get("item"))
    around = Level(holder, form.below(defined), outer)
    given: defaultdict[str, list[tuple[Item, Path]]] = defaultdict(list)
    order = {str(question.get("linkId")): index for index, question in enumerate(questions)}
    last = -1
    for index, item in enumerate(objects(holder.get("item"))):
        here = ((path, "item"), index)
        link_id = str(item.get("linkId", ""))
        position = order.get(link_id)
        if position is None:
            _tell_stray(link_id, here, form)
            continue
        if position < last:
            form.check.error(
                "structure", here, f"items in the order of the Questionnaire expected, {link_id} found late", "item"
            )
        last = max(last, position)
        given[link_id].append((item, here))
    for question in questions:
        _check_question(question, given.get(str(question.get("linkId")), []), path, around, form)


def _tell_stray(link_id: str, path: Path, form: _Form) -> None:
    if link_id in form.below(form.questionnaire):
        form.check.error("structure", path, f"linkId '{link_id}' found at the wrong level of the Questionnaire", "item")
    elif link_id:
        form.check.error("not-found", path, f"a linkId of the Questionnaire expected, '{link_id}' found", "item")


def _check_question(question: Item, given: Sequence[tuple[Item, Path]], path: Path, around: Level, form: _Form) -> None:
    check, link_id = form.check, question.get("linkId")
    if not is_enabled(question, around):
        for item, here in given:
            if item.get("answer") or item.get("item"):
                check.error(
                    "structure", here, f"no answer expected, since item '{link_id}' is not enabled", "enable-when"
                )
        return
    if not given:
        _tell_missing(question, path, form)
    if len(given) > 1 and question.get("repeats") is not True:
        check.error("structure", given[1][1], f"one item '{link_id}' expected, {len(given)} found", "item")
    for item, here in given:
        _check_text(question, item, here, form)
        _check_item(question, item, here, around, form)
    if question.get("type") == "group":
        check_occurrences(question, len(given), path, check)


def _tell_missing(question: Item, path: Path, form: _Form) -> None:
    if question.get("required") is True and form.is_finished:
        message = f"an answer to the required item '{question.get('linkId')}' expected, none found"
        form.check.error("required", path, message, "required")


def _check_text(question: Item, item: Item, path: Path, form: _Form) -> None:
    """An answer is to the words that were asked; in another language they are others."""
    asked, shown = question.get("text"), item.get("text")
    if isinstance(asked, str) and isinstance(shown, str) and asked != shown and not _is_translated(question, form):
        form.check.error("invalid", path, f"the text of the question, '{asked}', expected, '{shown}' found", "item")


def _is_translated(question: Item, form: _Form) -> bool:
    mine, theirs = (one.get("language") for one in (form.check.scope.resource, form.questionnaire))
    return "_text" in question or (isinstance(mine, str) and mine != theirs)


def _check_item(question: Item, item: Item, path: Path, around: Level, form: _Form) -> None:
    kind = question.get("type")
    if kind in ("group", "display", "question"):
        if item.get("answer"):
            form.check.error("structure", path, f"no answer expected to an item of type {kind}, one found", "item")
        if kind == "group":
            _check_group(question, item, path, around, form)
        elif item.get("item") and kind == "display":
            form.check.error("structure", path, "no items expected in an item of type display", "item")
        return
    if item.get("item"):
        form.check.error(
            "structure", path, f"items expected in the answer, found beside it in '{question.get('linkId')}'", "item"
        )
    _check_answers(question, item, path, around, form)


def _check_group(question: Item, item: Item, path: Path, around: Level, form: _Form) -> None:
    if question.get("required") is True and not item.get("item") and form.is_finished:
        message = f"items in the required group '{question.get('linkId')}' expected, none found"
        form.check.error("invariant", path, message, "required")
        return
    _check_items(question, item, path, around, form)


def _check_answers(question: Item, item: Item, path: Path, around: Level, form: _Form) -> None:
    answers = objects(item.get("answer"))
    if not answers:
        _tell_missing(question, path, form)
        return
    if len(answers) > 1 and question.get("repeats") is not True:
        message = f"one answer to '{question.get('linkId')}' expected, {len(answers)} found"
        form.check.error("structure", path, message, "item")
    check_occurrences(question, len(answers), path, form.check)
    check_exclusive(question, answers, path, form.check)
    for index, answer in enumerate(answers):
        here = ((path, "answer"), index)
        check_answer(question, answer, here, form.questionnaire, form.check)
        _check_items(question, answer, here, around, form)
