"""ValueSets: systems by absolute address, codes that exist, and filters that the code system can answer.

Source: FHIR R4, ValueSet.compose.include, CodeSystem.filter; "Using SNOMED CT with FHIR" for the filters of SNOMED CT.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from careloom.model import Resource
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.code_systems import TYPES
from careloom.validation.rules.parts import Part, objects, part, parts, text, texts

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
                _check_filter_value(system, filter, ((path, "filter"), position), check)


def _check_filter_value(system: str, filter: Mapping[str, Any], path: Path, check: Check) -> None:
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


_HIERARCHICAL = frozenset(["is-a", "descendent-of", "is-not-a", "generalizes", "child-of", "descendent-leaf"])


def check_value_set_codes(scope: Scope, check: Check) -> None:
    """Check each inclusion and exclusion of a ValueSet."""
    compose, path = part(scope.resource, "compose"), (scope.path, "compose")
    for name in ("include", "exclude"):
        for entry, here in parts(compose, name, path):
            _check_entry(entry, scope, here, check)


def _check_entry(entry: Part, scope: Scope, path: Path, check: Check) -> None:
    written = text(entry, "system")
    system, mark, _ = written.partition("|")
    if mark:
        message = f"system: an address without version expected, '{written}' found; a version stands in version"
        check.error("business-rule", path, message, "value-set-system")
    if system.startswith("#"):
        _check_contained(system, scope, path, check)
    for canonical, here in texts(entry, "valueSet", path):
        _check_import(canonical, here, check)
    if not system:
        return
    found = check.library.definitions.find(_versioned(system, entry), "CodeSystem")
    if found is None:
        _check_kind(system, path, check)
    elif found.get("content") == "supplement":
        message = f"system: a code system expected, the supplement {system} of {found.get('supplements')} found"
        check.error("invalid", path, message, "value-set-system")
    else:
        _check_codes(entry, system, path, check)
        for filter, here in parts(entry, "filter", path):
            _check_operator(filter, found, here, check)


def _versioned(system: str, entry: Part) -> str:
    version = text(entry, "version")
    return f"{system}|{version}" if version else system


def _check_contained(system: str, scope: Scope, path: Path, check: Check) -> None:
    """A fragment is no address of a code system; where it leads nowhere either, that is worth saying."""
    contained = parts(scope.resource, "contained", scope.path)
    types = [one.get("resourceType") for one, _ in contained if f"#{one.get('id')}" == system]
    if "CodeSystem" not in types:
        found = types[0] if types else "nothing"
        check.error(
            "invalid", path, f"system: a contained CodeSystem expected at {system}, {found} found", "value-set-system"
        )


def _check_import(canonical: str, path: Path, check: Check) -> None:
    definitions = check.library.definitions
    if definitions.find(canonical, "ValueSet") is None and (other := definitions.find(canonical)) is not None:
        message = f"a value set expected, {canonical} is a {other.get('resourceType')}"
        check.warning("business-rule", path, message, "value-set-system")


def _check_kind(system: str, path: Path, check: Check) -> None:
    if check.library.has_value_set(system):
        message = f"system: a code system expected, the value set {system} found"
        check.error("invalid", path, message, "value-set-system")


def _check_codes(entry: Part, system: str, path: Path, check: Check) -> None:
    """Codes that are listed exist, as far as the version that is asked for is the one at hand."""
    for concept, here in parts(entry, "concept", path):
        code = text(concept, "code")
        if code and check.run.terminology.has_code(_versioned(system, entry), code) is False:
            check.error("business-rule", here, f"a code of {system} expected, '{code}' found", "value-set-code")


# Filters


def _check_operator(filter: Part, code_system: Resource, path: Path, check: Check) -> None:
    name, operator, value = (text(filter, key) for key in ("property", "op", "value"))
    allowed = {
        one
        for defined, here in parts(code_system, "filter", path)
        if defined.get("code") == name
        for one, _ in texts(defined, "operator", here)
    }
    if allowed and operator not in allowed:
        message = f"{name}: the operator {' or '.join(sorted(allowed))} expected, {operator} found"
        check.error("invalid", path, message, "value-set-filter")
    if name and name not in _known(code_system, path):
        message = f"a property or filter of {code_system.get('url')} expected, '{name}' found"
        check.warning("invalid", path, message, "value-set-filter")
    if operator == "exists" and value not in ("true", "false"):
        check.error("invalid", path, f"{name}: true or false expected for exists, '{value}' found", "value-set-filter")
    if operator == "regex" and not _is_pattern(value):
        check.error("invalid", path, f"{name}: a regular expression expected, '{value}' found", "value-set-filter")
    if name in ("concept", "code") and operator in _HIERARCHICAL:
        _check_code(text(code_system, "url"), value, path, check)


def _known(code_system: Resource, path: Path) -> Iterator[str]:
    yield from ("code", "concept", "display", "definition", *TYPES)
    for name in ("property", "filter"):
        yield from (text(one, "code") for one, _ in parts(code_system, name, path))


def _is_pattern(value: str) -> bool:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _check_code(system: str, code: str, path: Path, check: Check) -> None:
    if check.run.terminology.has_code(system, code) is False:
        check.error("invalid", path, f"a code of {system} expected, '{code}' found", "value-set-filter")
