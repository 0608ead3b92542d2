"""SearchParameters: an expression that makes sense on each base, and what they are derived from.

Source: FHIR R4, SearchParameter: base, expression, derivedFrom.
"""

from careloom.fhirpath import compile_expression
from careloom.model.errors import CareloomError
from careloom.validation.context import Check, Scope


def check_search_parameter(scope: Scope, check: Check) -> None:
    """Check the expression against the bases, and the whole against what it is derived from."""
    resource = scope.resource
    listed = resource.get("base")
    bases = [base for base in listed if isinstance(base, str)] if isinstance(listed, list) else []
    _check_expression(scope, bases, check)
    canonical = resource.get("derivedFrom")
    original = check.library.definitions.find(canonical, "SearchParameter") if isinstance(canonical, str) else None
    if original is None:
        return
    for base in bases:
        if base not in original.get("base", ()):
            message = f"a base of {canonical} expected, {base} found"
            check.error("business-rule", scope.path, message, "search-parameter")
    if resource.get("type") != original.get("type"):
        message = f"the type of {canonical}, {original.get('type')}, expected, {resource.get('type')} found"
        check.error("business-rule", scope.path, message, "search-parameter")


def _check_expression(scope: Scope, bases: list[str], check: Check) -> None:
    """An expression for several bases has a part for each, of which every one is strange to the others."""
    text = scope.resource.get("expression")
    if not isinstance(text, str) or len(bases) != 1:
        return
    try:
        compile_expression(text, types=check.library.types, context_type=bases[0], strict=True)
    except CareloomError as error:
        message = f"an expression on {bases[0]} expected: {error}"
        check.error("invalid", (scope.path, "expression"), message, "search-parameter")
