"""Answers by their question: of which type, one of which options, how many.

Source: FHIR R4, Questionnaire.item and the extensions of the specification for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from careloom.validation.context import Check
from careloom.validation.nodes import choice_key
from careloom.validation.path import Path
from careloom.validation.rules.answer_limits import EXTENSIONS, LIMITS, extension_values
from careloom.validation.rules.parts import objects, value_of
from careloom.validation.values import has_pattern, shown

Item = Mapping[str, Any]

TYPES: Mapping[str, tuple[str, ...]] = {
    "boolean": ("boolean",),
    "decimal": ("decimal",),
    "integer": ("integer",),
    "date": ("date",),
    "dateTime": ("dateTime",),
    "time": ("time",),
    "string": ("string",),
    "text": ("string",),
    "url": ("uri",),
    "choice": ("Coding",),
    "open-choice": ("Coding", "string"),
    "attachment": ("Attachment",),
    "reference": ("Reference",),
    "quantity": ("Quantity",),
}
"""Question type to the types that its answers may have."""

_OPTION_TYPES = ("Coding", "date", "integer", "string", "time")


def check_answer(question: Item, answer: Item, path: Path, questionnaire: Item, check: Check) -> None:
    """Check the value of one answer."""
    found = value_of(answer)
    if found is None:
        return
    key, value = found
    here = (path, "value")
    allowed = _types(question)
    if allowed and key not in [choice_key("value", type) for type in allowed]:
        message = f"an answer of type {' or '.join(allowed)} expected, {key[5:]} found"
        check.error("invariant", here, message, "answer-type")
        return
    for limit in LIMITS:
        limit(question, value, here, check)
    if question.get("type") == "open-choice" and key == "valueString":
        return
    _check_options(question, key, value, here, check)
    value_set = question.get("answerValueSet")
    if isinstance(value_set, str) and isinstance(value, dict):
        _check_value_set(value_set, value, here, questionnaire, check)


def check_occurrences(question: Item, count: int, path: Path, check: Check) -> None:
    """Check how often a group or an answer repeats, as far as the extensions minOccurs and maxOccurs limit it."""
    for least in extension_values(question, EXTENSIONS + "questionnaire-minOccurs"):
        if isinstance(least, int) and 0 < count < least:
            check.error("structure", path, f"at least {least} answers expected, {count} found", "answer-limit")
    for greatest in extension_values(question, EXTENSIONS + "questionnaire-maxOccurs"):
        if isinstance(greatest, int) and count > greatest:
            check.error("structure", path, f"at most {greatest} answers expected, {count} found", "answer-limit")


def check_exclusive(question: Item, answers: Sequence[Item], path: Path, check: Check) -> None:
    """Check that an option that excludes the others, such as "none of these", is given alone."""
    url = EXTENSIONS + "questionnaire-optionExclusive"
    exclusive = [option for option in objects(question.get("answerOption")) if True in extension_values(option, url)]
    for index, answer in enumerate(answers if exclusive and len(answers) > 1 else ()):
        found = value_of(answer)
        if found and any(_is_option(*found, option) for option in exclusive):
            message = f"an option that excludes all others expected alone, {shown(found[1])} found beside others"
            check.error("business-rule", ((path, "answer"), index), message, "answer-option")


def _types(question: Item) -> tuple[str, ...]:
    """The types an answer may have; for a choice those of its options, without any all that options may have."""
    kind = str(question.get("type"))
    if kind not in ("choice", "open-choice"):
        return TYPES.get(kind, ())
    options = [found[0][5:] for option in objects(question.get("answerOption")) if (found := value_of(option))]
    named = [name if name in ("Coding", "Reference") else name[:1].lower() + name[1:] for name in options]
    if not named and "answerValueSet" not in question:
        return _OPTION_TYPES
    return tuple(dict.fromkeys([*TYPES[kind], *named]))


def _check_options(question: Item, key: str, value: Any, path: Path, check: Check) -> None:
    options = objects(question.get("answerOption"))
    if options and not any(_is_option(key, value, option) for option in options):
        offered = shown([found[1] for option in options if (found := value_of(option))])
        check.error("invariant", path, f"one of {offered} expected, {shown(value)} found", "answer-option")


def _is_option(key: str, value: Any, option: Item) -> bool:
    """Whether a value is the one that an option offers; codes are the same by system and code."""
    offered = option.get(key)
    if isinstance(offered, dict) and isinstance(value, dict):
        if "code" in offered:
            return all(value.get(name) == offered.get(name) for name in ("system", "code"))
        if "reference" in offered:
            return bool(value.get("reference") == offered["reference"])
        return has_pattern(value, offered)
    return key in option and bool(value == offered)


def _check_value_set(value_set: str, value: Item, path: Path, questionnaire: Item, check: Check) -> None:
    code, system = value.get("code"), value.get("system")
    if not isinstance(code, str):
        check.error("code-invalid", path, f"a code of {value_set} expected, none found", "answer-option")
        return
    system = system if isinstance(system, str) else None
    terminology = check.run.terminology
    if value_set.startswith("#"):
        contained = next(
            (one for one in objects(questionnaire.get("contained")) if one.get("id") == value_set[1:]), None
        )
        answer = terminology.validate_code_in(dict(contained), system=system, code=code) if contained else None
    else:
        answer = terminology.validate_code(value_set, system=system, code=code)
    if answer is not None and answer.result == "out":
        found = f"{system}#{code}" if system else f"'{code}'"
        check.error("code-invalid", path, f"a code of {value_set} expected, {found} found", "answer-option")
