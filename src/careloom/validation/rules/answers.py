"""One answer by its question: type, limits, and the options that the question leaves.

Source: FHIR R4, Questionnaire.item and the extensions of the specification for it.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath.quantities import compare, is_comparable
from careloom.model.numbers import decimal_text
from careloom.model.references import parse_reference
from careloom.validation.context import Check
from careloom.validation.nodes import choice_key
from careloom.validation.path import Path
from careloom.validation.rules.enabling import quantity_of
from careloom.validation.rules.questionnaires import objects
from careloom.validation.values import has_pattern, shown

Item = Mapping[str, Any]
_EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"

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

_OPTION_TYPES = ("Coding", "date", "integer", "Reference", "string", "time")


def check_answer(question: Item, answer: Item, path: Path, questionnaire: Item, check: Check) -> None:
    """Check the value of one answer."""
    found = next(((key, value) for key, value in answer.items() if key.startswith("value")), None)
    if found is None:
        return
    key, value = found
    here = (path, "value")
    allowed = _types(question)
    keys = [choice_key("value", type) for type in allowed]
    if allowed and key not in keys:
        check.error(
            "invariant", here, f"an answer of type {' or '.join(allowed)} expected, {key[5:]} found", "answer-type"
        )
        return
    for limit in _LIMITS:
        limit(question, value, here, check)
    _check_options(question, value, here, questionnaire, check)


def _types(question: Item) -> tuple[str, ...]:
    """The types an answer may have; for a choice those of its options, without any all that options may have."""
    kind = str(question.get("type"))
    if kind not in ("choice", "open-choice"):
        return TYPES.get(kind, ())
    options = [key[5:] for option in objects(question.get("answerOption")) for key in option if key.startswith("value")]
    named = [name if name in ("Coding", "Reference") else name[:1].lower() + name[1:] for name in options]
    if not named and "answerValueSet" not in question:
        return _OPTION_TYPES
    return tuple(dict.fromkeys([*TYPES[kind], *named]))


def _check_options(question: Item, value: Any, path: Path, questionnaire: Item, check: Check) -> None:
    is_open = question.get("type") == "open-choice" and isinstance(value, str)
    options = [
        option[key] for option in objects(question.get("answerOption")) for key in option if key.startswith("value")
    ]
    if options and not is_open and not any(_is_option(value, option) for option in options):
        check.error("invariant", path, f"one of {shown(options)} expected, {shown(value)} found", "answer-option")
    value_set = question.get("answerValueSet")
    if isinstance(value_set, str) and isinstance(value, dict) and isinstance(value.get("code"), str):
        _check_value_set(value_set, value, path, questionnaire, check)


def _is_option(value: Any, option: Any) -> bool:
    if isinstance(option, dict) and isinstance(value, dict):
        keys = [key for key in ("system", "code", "reference") if key in option]
        return all(value.get(key) == option[key] for key in keys) if keys else has_pattern(value, option)
    return bool(value == option)


def _check_value_set(value_set: str, value: Item, path: Path, questionnaire: Item, check: Check) -> None:
    system = value.get("system")
    terminology = check.run.terminology
    if value_set.startswith("#"):
        contained = next(
            (one for one in objects(questionnaire.get("contained")) if one.get("id") == value_set[1:]), None
        )
        answer = terminology.validate_code_in(dict(contained), system=system, code=value["code"]) if contained else None
    else:
        answer = terminology.validate_code(
            value_set, system=system if isinstance(system, str) else "", code=value["code"]
        )
    if answer is not None and answer.result == "out":
        check.error(
            "code-invalid", path, f"a code of {value_set} expected, {system}#{value['code']} found", "answer-option"
        )


# Limits


def _extension(question: Item, *urls: str) -> Iterator[Any]:
    for extension in objects(question.get("extension")):
        if extension.get("url") in urls:
            yield from (value for key, value in extension.items() if key.startswith("value"))


def _check_length(question: Item, value: Any, path: Path, check: Check) -> None:
    greatest = question.get("maxLength")
    if not isinstance(value, str):
        return
    if isinstance(greatest, int) and len(value) > greatest:
        check.error("invariant", path, f"at most {greatest} characters expected, {len(value)} found", "answer-limit")
    for least in _extension(question, _EXTENSIONS + "minLength"):
        if isinstance(least, int) and len(value) < least:
            check.error("invariant", path, f"at least {least} characters expected, {len(value)} found", "answer-limit")


def _check_decimals(question: Item, value: Any, path: Path, check: Check) -> None:
    number = value.get("value") if isinstance(value, dict) else value
    if not isinstance(number, Decimal):
        return
    digits = len(decimal_text(number).partition(".")[2])
    for greatest in _extension(question, _EXTENSIONS + "maxDecimalPlaces"):
        if isinstance(greatest, int) and digits > greatest:
            check.error(
                "invariant", path, f"at most {greatest} decimal places expected, {digits} found", "answer-limit"
            )


def _check_range(question: Item, value: Any, path: Path, check: Check) -> None:
    for least in _extension(question, _EXTENSIONS + "minValue", _SDC + "sdc-questionnaire-minQuantity"):
        _check_bound(value, least, "at least", path, check)
    for greatest in _extension(question, _EXTENSIONS + "maxValue", _SDC + "sdc-questionnaire-maxQuantity"):
        _check_bound(value, greatest, "at most", path, check)


def _check_bound(value: Any, bound: Any, word: str, path: Path, check: Check) -> None:
    if isinstance(value, dict) and isinstance(bound, dict):
        _check_quantity_bound(value, bound, word, path, check)
    elif not isinstance(value, dict) and isinstance(value, str) == isinstance(bound, str):
        is_outside = value < bound if word == "at least" else value > bound
        if is_outside:
            check.error("invariant", path, f"{word} {shown(bound)} expected, {shown(value)} found", "answer-limit")


def _check_quantity_bound(value: Item, bound: Item, word: str, path: Path, check: Check) -> None:
    mine, yours = quantity_of(value), quantity_of(bound)
    if mine is None or yours is None:
        return
    if not all(one.get("system") and one.get("code") for one in (value, bound)) or not is_comparable(mine, yours):
        message = f"a quantity that can be compared with {shown(bound)} expected, {shown(value)} found"
        check.error("invariant", path, message, "answer-limit")
        return
    order = compare(mine, yours) or 0
    if order < 0 if word == "at least" else order > 0:
        check.error("invariant", path, f"{word} {shown(bound)} expected, {shown(value)} found", "answer-limit")


def _check_units(question: Item, value: Any, path: Path, check: Check) -> None:
    options = [one for one in _extension(question, _EXTENSIONS + "questionnaire-unitOption") if isinstance(one, dict)]
    if not options or not isinstance(value, dict) or question.get("type") != "quantity":
        return
    if not any(all(value.get(key) == option.get(key) for key in ("system", "code")) for option in options):
        units = ", ".join(str(option.get("code")) for option in options)
        check.error(
            "invariant",
            path,
            f"a unit of {units} expected, {value.get('code') or value.get('unit')} found",
            "answer-unit",
        )


def _check_reference(question: Item, value: Any, path: Path, check: Check) -> None:
    text = value.get("reference") if isinstance(value, dict) else None
    if question.get("type") != "reference" or not isinstance(text, str) or text.startswith(("#", "urn:")):
        return
    literal = parse_reference(text)
    name = literal.type if literal else text.rpartition("/")[0].rpartition("/")[2]
    if name not in check.library.types.resource_types():
        check.error(
            "invariant", path, f"a reference to a resource type expected, to '{name}' found", "answer-reference"
        )
        return
    allowed = list(_extension(question, _EXTENSIONS + "questionnaire-referenceResource"))
    if allowed and name not in allowed:
        check.error(
            "invariant",
            path,
            f"a reference to {' or '.join(map(str, allowed))} expected, to {name} found",
            "answer-reference",
        )


_LIMITS: tuple[Callable[[Item, Any, Path, Check], None], ...] = (
    _check_length,
    _check_decimals,
    _check_range,
    _check_units,
    _check_reference,
)
