"""QuestionnaireResponse against its Questionnaire: which items, where, how many, and each answer by its question.

Source: FHIR R4, QuestionnaireResponse, "Relationship to Questionnaire" and its notes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.resolution import resolve
from careloom.validation.rules.answers import check_answer
from careloom.validation.rules.enabling import Answers, is_enabled
from careloom.validation.rules.questionnaires import all_items, objects

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Form:
    """What stays the same down the tree of items."""

    questionnaire: Item
    link_ids: frozenset[str]
    answers: Answers
    is_finished: bool
    check: Check


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
        link_ids=frozenset(str(item.get("linkId")) for item in all_items(questionnaire)),
        answers=Answers(scope.resource),
        is_finished=scope.resource.get("status") != "in-progress",
        check=check,
    )
    _check_items(objects(questionnaire.get("item")), scope.resource, scope.path, form)


def _questionnaire(canonical: str, scope: Scope, check: Check) -> Item | None:
    if canonical.startswith("#"):
        target = resolve(canonical, scope, check).scope
        return target.resource if target else None
    return check.library.definitions.find(canonical, "Questionnaire")


def _check_items(questions: Sequence[Item], holder: Item, path: Path, form: _Form) -> None:
    """The items at one level of the response against the questions of that level."""
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
        _check_question(question, given.get(str(question.get("linkId")), []), path, form)


def _tell_stray(link_id: str, path: Path, form: _Form) -> None:
    if link_id in form.link_ids:
        form.check.error("structure", path, f"linkId '{link_id}' found at the wrong level of the Questionnaire", "item")
    elif link_id:
        form.check.error("not-found", path, f"a linkId of the Questionnaire expected, '{link_id}' found", "item")


def _check_question(question: Item, given: Sequence[tuple[Item, Path]], path: Path, form: _Form) -> None:
    check, link_id = form.check, question.get("linkId")
    if not is_enabled(question, form.answers):
        for item, here in given:
            if item.get("answer") or item.get("item"):
                check.error(
                    "structure", here, f"no answer expected, since item '{link_id}' is not enabled", "enable-when"
                )
        return
    if not given:
        if question.get("required") is True and form.is_finished:
            check.error(
                "required", path, f"an answer to the required item '{link_id}' expected, none found", "required"
            )
        return
    if len(given) > 1 and not (question.get("repeats") is True and question.get("type") == "group"):
        check.error("structure", given[1][1], f"one item '{link_id}' expected, {len(given)} found", "item")
    for item, here in given:
        _check_item(question, item, here, form)


def _check_item(question: Item, item: Item, path: Path, form: _Form) -> None:
    kind = question.get("type")
    if kind in ("group", "display", "question"):
        if item.get("answer"):
            form.check.error("structure", path, f"no answer expected to an item of type {kind}, one found", "item")
        if kind == "group":
            _check_group(question, item, path, form)
        elif item.get("item") and kind == "display":
            form.check.error("structure", path, "no items expected in an item of type display", "item")
        return
    if item.get("item"):
        form.check.error(
            "structure", path, f"items expected in the answer, found beside it in '{question.get('linkId')}'", "item"
        )
    _check_answers(question, item, path, form)


def _check_group(question: Item, item: Item, path: Path, form: _Form) -> None:
    if question.get("required") is True and not item.get("item") and form.is_finished:
        form.check.error(
            "invariant",
            path,
            f"items in the required group '{question.get('linkId')}' expected, none found",
            "required",
        )
        return
    _check_items(objects(question.get("item")), item, path, form)


def _check_answers(question: Item, item: Item, path: Path, form: _Form) -> None:
    answers = objects(item.get("answer"))
    link_id = question.get("linkId")
    if not answers:
        if question.get("required") is True and form.is_finished:
            form.check.error(
                "required", path, f"an answer to the required item '{link_id}' expected, none found", "required"
            )
        return
    if len(answers) > 1 and question.get("repeats") is not True:
        form.check.error("structure", path, f"one answer to '{link_id}' expected, {len(answers)} found", "item")
    for index, answer in enumerate(answers):
        here = ((path, "answer"), index)
        check_answer(question, answer, here, form.questionnaire, form.check)
        _check_items(objects(question.get("item")), answer, here, form)
