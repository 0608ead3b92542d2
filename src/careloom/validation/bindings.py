"""Codes against the value set that a place binds them to."""

from collections.abc import Iterator
from typing import Any

from careloom.validation.context import Check, Item
from careloom.validation.options import is_example_url
from careloom.validation.path import Path, path_text
from careloom.validation.schema import Binding

CODED = frozenset(["code", "string", "uri", "url", "canonical", "id", "oid", "uuid", "markdown"])
"""Primitive types whose values are codes when they are bound."""

Code = tuple[str | None, str]


def check_binding(item: Item, binding: Binding, check: Check) -> None:
    """Tell when a value is outside of its value set: an error if required, a warning if extensible."""
    if check.run.wrong_displays and binding.strength != "example" and item.type in ("CodeableConcept", "Coding"):
        _take_displays(item, binding.value_set, check)
    if binding.strength == "required":
        _check(item, binding.value_set, "error", check)
        return
    if binding.strength == "extensible":
        _check(item, binding.value_set, "warning", check)
    if binding.max_value_set and binding.strength != "example":
        _check(item, binding.max_value_set, "error", check)


def codes_of(item: Item) -> list[Code] | None:
    """The codes that a value has, as (system, code); None for a type that has none by nature."""
    if item.type in CODED:
        return [(None, item.value)] if isinstance(item.value, str) else []
    if item.type == "CodeableConcept":
        return [code for coding in _list(item.value.get("coding")) for code in _code(coding)]
    if item.type in ("Coding", "Quantity", "Age", "Duration", "Distance", "Count", "Money", "SimpleQuantity"):
        return list(_code(item.value))
    return None


def _check(item: Item, value_set: str, severity: Any, check: Check) -> None:
    codes = codes_of(item) if item.value is not None else None
    if codes is None or (not codes and item.type not in ("CodeableConcept", "Coding")):
        return
    if not codes:
        _tell_missing(item, value_set, severity, check)
        return
    answers = [check.run.terminology.validate_code(value_set, system=system, code=code) for system, code in codes]
    results = {answer.result for answer in answers}
    if "in" in results:
        return
    if "unknown" in results:
        unknown = [(code, answer) for code, answer in zip(codes, answers, strict=True) if answer.result == "unknown"]
        if not any(_is_told_by_system(item, code, check) for code, _ in unknown):
            _tell_unknown(value_set, item, unknown[0][1].message, check)
        return
    if "" in (system for system, _ in codes) and item.type in ("CodeableConcept", "Coding"):
        message = f"a code of {value_set} expected with its system; without one it means nothing that can be checked"
        check.warning("code-invalid", item.path, message, "binding")
        return
    found = ", ".join(f"{system}#{code}" if system else f"'{code}'" for system, code in codes)
    check.tell(severity, "code-invalid", item.path, f"a code of {value_set} expected, {found} found", "binding")


def _take_displays(item: Item, value_set: str, check: Check) -> None:
    """A display that the value set gives is as right as those of the code system."""
    codings = [(item.value, item.path)] if item.type == "Coding" else list(_codings(item))
    for coding, path in codings:
        if path_text((path, "display")) not in check.run.wrong_displays:
            continue
        for system, code in _code(coding):
            display = coding.get("display")
            answer = check.run.terminology.validate_code(value_set, system=system, code=code, display=display)
            if answer.is_right_display:
                check.take_display((path, "display"))


def _codings(item: Item) -> Iterator[tuple[Any, Path]]:
    for index, coding in enumerate(_list(item.value.get("coding") if isinstance(item.value, dict) else None)):
        if isinstance(coding, dict):
            yield coding, ((item.path, "coding"), index)


def _tell_missing(item: Item, value_set: str, severity: Any, check: Check) -> None:
    """A concept in words alone: an extension may stand in for it, and only a required binding insists."""
    if check.run.terminology.value_set(value_set) is None:
        _tell_unknown(value_set, item, f"the value set {value_set} is not in the loaded definitions", check)
    elif severity == "error" and not (isinstance(item.value, dict) and "extension" in item.value):
        check.error("code-invalid", item.path, f"a code of {value_set} expected, none found", "binding")


def _is_told_by_system(item: Item, code: Code, check: Check) -> bool:
    """Whether the Coding itself tells that its code system has no content here: one thing lacking is told once."""
    system, text = code
    is_told = item.type in ("CodeableConcept", "Coding") and bool(system) and not is_example_url(str(system))
    return is_told and check.run.terminology.has_code(str(system), text) is None


def _tell_unknown(value_set: str, item: Item, message: str, check: Check) -> None:
    """What cannot be known is told once a value set, not once a code."""
    if value_set not in check.run.told_systems:
        check.run.told_systems.add(value_set)
        check.warning("not-supported", item.path, message, "terminology")


def _code(coding: Any) -> Iterator[Code]:
    if isinstance(coding, dict) and isinstance(coding.get("code"), str):
        system = coding.get("system")
        yield (system if isinstance(system, str) else ""), coding["code"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
