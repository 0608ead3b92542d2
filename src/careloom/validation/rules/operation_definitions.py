"""OperationDefinitions: parameters have names of their own, and agree with the profiles on Parameters.

Source: FHIR R4, OperationDefinition.inputProfile, outputProfile and parameter.
"""

from collections.abc import Mapping

from careloom.model.errors import CareloomError
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, parts, text
from careloom.validation.schema import Element, Schema

_PROFILES = (("inputProfile", "in"), ("outputProfile", "out"))


def check_operation_definition(scope: Scope, check: Check) -> None:
    """Check the parameters against each profile that is named."""
    for name, use in _PROFILES:
        canonical = text(scope.resource, name)
        if canonical:
            _check_profile(canonical, use, (scope.path, name), scope, check)


def _check_profile(canonical: str, use: str, path: Path, scope: Scope, check: Check) -> None:
    try:
        schema = check.library.schema(canonical)
    except CareloomError as error:
        check.error("not-found", path, f"a profile on Parameters expected: {error}", "operation")
        return
    if schema.type != "Parameters":
        check.error("invalid", path, f"a profile on Parameters expected, {canonical} is on {schema.type}", "operation")
        return
    described = _described(schema)
    for parameter, here in parts(scope.resource, "parameter", scope.path):
        slice = described.get(text(parameter, "name"))
        if text(parameter, "use") == use and slice is not None:
            _check_parameter(parameter, slice, canonical, here, check)


def _described(schema: Schema) -> Mapping[str, Element]:
    """The slices of Parameters.parameter by the name that they fix."""
    parameters = schema.root.children.get("parameter")
    found: dict[str, Element] = {}
    for slice in parameters.slices if parameters else ():
        name = slice.children.get("name")
        for required in name.required if name else ():
            found[str(required.value)] = slice
    return found


def _check_parameter(parameter: Part, slice: Element, canonical: str, path: Path, check: Check) -> None:
    """The same number of times in both, and of a type that both allow."""
    limits = {"min": slice.min, "max": "*" if slice.max is None else str(slice.max)}
    for name, expected in limits.items():
        if name in parameter and parameter[name] != expected:
            message = f"{name}: {expected} expected as in {canonical}, {parameter[name]} found"
            check.error("business-rule", path, message, "operation")
    value, type = slice.children.get("value"), text(parameter, "type")
    types = {rule.code for rule in value.types} if value and value.max != 0 else set()
    is_value = type[:1].islower() or type not in check.library.types.resource_types()
    if types and type and is_value and type not in types:
        message = f"type: {' or '.join(sorted(types))} expected as in {canonical}, {type} found"
        check.error("business-rule", path, message, "operation")
