"""ValueSets: systems by absolute address, and filters that their properties allow.

Source: FHIR R4, ValueSet.compose.include; "Using SNOMED CT with FHIR" for the filters of SNOMED CT.
"""

from collections.abc import Mapping
from typing import Any

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.concept_properties import TYPES
from careloom.validation.rules.questionnaires import objects

_SNOMED = "http://snomed.info/sct"


def check_value_set(scope: Scope, check: Check) -> None:
    """Check what a value set includes and excludes."""
    compose = scope.resource.get("compose")
    if not isinstance(compose, dict):
        return
    for name in ("include", "exclude"):
        for index, entry in enumerate(objects(compose.get(name))):
            path: Path = ((((scope.path, "compose"), name)), index)
            system = entry.get("system")
            if not isinstance(system, str):
                continue
            if ":" not in system:
                check.error("invalid", path, f"system: an absolute address expected, '{system}' found", "value-set")
            for position, filter in enumerate(objects(entry.get("filter"))):
                _check_filter(system, filter, ((path, "filter"), position), check)


def _check_filter(system: str, filter: Mapping[str, Any], path: Path, check: Check) -> None:
    name, operation, value = str(filter.get("property")), filter.get("op"), filter.get("value")
    if system == _SNOMED and name.isdigit() and operation not in ("=", "in"):
        check.error("invalid", path, f"{name}: the operation = or in expected, {operation} found", "value-set")
        return
    type = _type_of(system, name, check)
    if operation in ("exists", "regex", "in", "not-in") or not isinstance(value, str):
        return
    if type == "boolean" and value not in ("true", "false"):
        check.error("invalid", path, f"{name}: true or false expected, '{value}' found", "value-set")
    elif type == "Coding":
        _check_coding(name, value, path, check)


def _type_of(system: str, name: str, check: Check) -> str | None:
    """The type of a property of a code system, as declared or as the specification defines it."""
    code_system = check.library.definitions.find(system, "CodeSystem") or {}
    declared = (one.get("type") for one in objects(code_system.get("property")) if one.get("code") == name)
    found = next(declared, None) or TYPES.get(name)
    return str(found) if found else None


def _check_coding(name: str, value: str, path: Path, check: Check) -> None:
    system, mark, code = value.partition("#")
    if not mark:
        check.error("invalid", path, f"{name}: a value of the form system#code expected, '{value}' found", "value-set")
    elif check.run.terminology.has_code(system.partition("|")[0], code) is False:
        check.error("invalid", path, f"{name}: a code of {system} expected, '{code}' found", "value-set")
