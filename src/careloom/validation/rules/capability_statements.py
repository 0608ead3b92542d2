"""CapabilityStatements: search parameters and profiles are what they are said to be.

Source: FHIR R4, CapabilityStatement.rest.resource: profile, supportedProfile, searchParam.
"""

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, parts, text, texts


def check_capability_statement(scope: Scope, check: Check) -> None:
    """Check each resource of each endpoint."""
    for rest, path in parts(scope.resource, "rest", scope.path):
        for parameter, here in parts(rest, "searchParam", path):
            _check_search(parameter, here, check)
        for resource, here in parts(rest, "resource", path):
            _check_resource(resource, here, check)


def _check_resource(resource: Part, path: Path, check: Check) -> None:
    type = text(resource, "type")
    for parameter, here in parts(resource, "searchParam", path):
        _check_search(parameter, here, check)
    _check_profile(text(resource, "profile"), type, (path, "profile"), check)
    for canonical, here in texts(resource, "supportedProfile", path):
        _check_profile(canonical, type, here, check)


def _check_search(parameter: Part, path: Path, check: Check) -> None:
    """A parameter has the type of its definition."""
    canonical, type = text(parameter, "definition"), text(parameter, "type")
    found = check.library.definitions.find(canonical, "SearchParameter") if canonical else None
    if found is not None and type and found.get("type") != type:
        message = f"the type {found.get('type')} of {canonical} expected, {type} found"
        check.error("invalid", path, message, "capability")


def _check_profile(canonical: str, type: str, path: Path, check: Check) -> None:
    """A profile is one of the resource type that it stands at."""
    found = check.library.definitions.find(canonical, "StructureDefinition") if canonical else None
    if found is not None and type and found.get("type") != type:
        message = f"a profile of {type} expected, {canonical} is one of {found.get('type')}"
        check.error("invalid", path, message, "capability")
