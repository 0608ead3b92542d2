"""What a question demands of one answer beyond its type: lengths, ranges, patterns, units, targets, files.

Source: FHIR R4, Questionnaire.item.maxLength and the extensions of the specification for items.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath.quantities import compare, is_comparable
from careloom.model.errors import CareloomError
from careloom.model.numbers import decimal_text
from careloom.model.patterns import compile_pattern
from careloom.model.references import parse_reference
from careloom.validation.context import Check
from careloom.validation.limits import order_of_times
from careloom.validation.path import Path
from careloom.validation.rules.enabling import quantity_of
from careloom.validation.rules.parts import objects
from careloom.validation.values import shown

Item = Mapping[str, Any]

EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"


def extension_values(question: Item, *urls: str) -> Iterator[Any]:
    """The values of extensions of a question, or of an option, by their addresses."""
    for extension in objects(question.get("extension")):
        if extension.get("url") in urls:
            yield from (value for key, value in extension.items() if key.startswith("value"))


def _check_length(question: Item, value: Any, path: Path, check: Check) -> None:
    greatest = question.get("maxLength")
    if not isinstance(value, str):
        return
    if isinstance(greatest, int) and len(value) > greatest:
        check.error("invariant", path, f"at most {greatest} characters expected, {len(value)} found", "answer-limit")
    for least in extension_values(question, EXTENSIONS + "minLength"):
        if isinstance(least, int) and len(value) < least:
            check.error("invariant", path, f"at least {least} characters expected, {len(value)} found", "answer-limit")


def _check_decimals(question: Item, value: Any, path: Path, check: Check) -> None:
    number = value.get("value") if isinstance(value, dict) else value
    if not isinstance(number, Decimal):
        return
    digits = len(decimal_text(number).partition(".")[2])
    for greatest in extension_values(question, EXTENSIONS + "maxDecimalPlaces"):
        if isinstance(greatest, int) and digits > greatest:
            check.error(
                "invariant", path, f"at most {greatest} decimal places expected, {digits} found", "answer-limit"
            )


def _check_range(question: Item, value: Any, path: Path, check: Check) -> None:
    for least in extension_values(question, EXTENSIONS + "minValue", _SDC + "sdc-questionnaire-minQuantity"):
        _check_bound(value, least, "at least", path, check)
    for greatest in extension_values(question, EXTENSIONS + "maxValue", _SDC + "sdc-questionnaire-maxQuantity"):
        _check_bound(value, greatest, "at most", path, check)


def _check_bound(value: Any, bound: Any, word: str, path: Path, check: Check) -> None:
    if isinstance(value, dict) and isinstance(bound, dict):
        _check_quantity_bound(value, bound, word, path, check)
        return
    if isinstance(value, str) and isinstance(bound, str):
        order = order_of_times(value, bound)
    elif isinstance(value, Decimal | int) and isinstance(bound, Decimal | int):
        order = int(value > bound) - int(value < bound)
    else:
        return
    if order < 0 if word == "at least" else order > 0:
        check.error("invariant", path, f"{word} {shown(bound)} expected, {shown(value)} found", "answer-limit")


def _check_quantity_bound(value: Item, bound: Item, word: str, path: Path, check: Check) -> None:
    mine, yours = quantity_of(value), quantity_of(bound)
    if mine is None or yours is None:
        return
    systems = {str(one["system"]) if one.get("code") and one.get("system") else None for one in (value, bound)}
    if None in systems or len(systems) > 1 or not is_comparable(mine, yours):
        message = f"a quantity that can be compared with {shown(bound)} expected, {shown(value)} found"
        check.error("invariant", path, message, "answer-limit")
        return
    order = compare(mine, yours) or 0
    if order < 0 if word == "at least" else order > 0:
        check.error("invariant", path, f"{word} {shown(bound)} expected, {shown(value)} found", "answer-limit")


def _check_units(question: Item, value: Any, path: Path, check: Check) -> None:
    """A quantity is in one of the units that the question offers, one by one or as a value set."""
    if not isinstance(value, dict) or question.get("type") != "quantity":
        return
    found = value.get("code") or value.get("unit")
    options = [
        one for one in extension_values(question, EXTENSIONS + "questionnaire-unitOption") if isinstance(one, dict)
    ]
    if options and not any(all(value.get(key) == option.get(key) for key in ("system", "code")) for option in options):
        units = ", ".join(str(option.get("code")) for option in options)
        check.error("invariant", path, f"a unit of {units} expected, {found} found", "answer-unit")
    system, code = value.get("system"), value.get("code")
    if not isinstance(system, str) or not isinstance(code, str):
        return
    for value_set in extension_values(question, EXTENSIONS + "questionnaire-unitValueSet"):
        answer = check.run.terminology.validate_code(str(value_set), system=system, code=code)
        if answer.result == "out":
            check.error("code-invalid", path, f"a unit of {value_set} expected, {found} found", "answer-unit")


def _check_reference(question: Item, value: Any, path: Path, check: Check) -> None:
    text = value.get("reference") if isinstance(value, dict) else None
    if question.get("type") != "reference" or not isinstance(text, str) or text.startswith(("#", "urn:")):
        return
    literal = parse_reference(text)
    if literal is None and ":" in text:
        return  # an address that does not tell the type
    name = literal.type if literal else text.rpartition("/")[0].rpartition("/")[2]
    if name not in check.library.types.resource_types():
        check.error(
            "invariant", path, f"a reference to a resource type expected, to '{name}' found", "answer-reference"
        )
        return
    allowed = list(extension_values(question, EXTENSIONS + "questionnaire-referenceResource"))
    if allowed and name not in allowed:
        check.error(
            "invariant",
            path,
            f"a reference to {' or '.join(map(str, allowed))} expected, to {name} found",
            "answer-reference",
        )


def _check_pattern(question: Item, value: Any, path: Path, check: Check) -> None:
    """The whole text matches the regular expression of the question, whose author may be a stranger."""
    for pattern in extension_values(question, EXTENSIONS + "regex"):
        if not isinstance(pattern, str) or not isinstance(value, str):
            continue
        try:
            is_met = compile_pattern(pattern).is_whole(value)
        except CareloomError as error:
            check.warning(
                "not-supported", path, f"the pattern of the question cannot be checked: {error}", "answer-limit"
            )
            continue
        if not is_met:
            check.error("invariant", path, f"a text like '{pattern}' expected, {shown(value)} found", "answer-limit")


def _check_file(question: Item, value: Any, path: Path, check: Check) -> None:
    """An attachment is of one of the media types that the question asks for."""
    if not isinstance(value, dict) or question.get("type") != "attachment":
        return
    types = list(extension_values(question, EXTENSIONS + "mimeType"))
    if types and value.get("contentType") not in types:
        named = " or ".join(map(str, types))
        check.error(
            "invariant", path, f"a file of type {named} expected, {value.get('contentType')} found", "answer-limit"
        )


LIMITS: tuple[Callable[[Item, Any, Path, Check], None], ...] = (
    _check_length,
    _check_decimals,
    _check_range,
    _check_units,
    _check_reference,
    _check_pattern,
    _check_file,
)
"""Each takes a question, a value, its place, and the check to tell its findings to."""
