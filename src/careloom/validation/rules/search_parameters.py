"""SearchParameters: an expression that makes sense on each base, parts of a composite, and what they are derived from.

Source: FHIR R4, SearchParameter: base, expression, component, derivedFrom.
"""

from careloom.fhirpath import compile_expression
from careloom.fhirpath.ast import Binary, Tree
from careloom.fhirpath.parser import parse
from careloom.model.errors import CareloomError, MalformedError
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import parts, text, texts


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


def check_search_expressions(scope: Scope, check: Check) -> None:
    """Check the members of the expression against the bases, and the parts of a composite."""
    bases = [base for base, _ in texts(scope.resource, "base", scope.path)]
    expression = text(scope.resource, "expression")
    if len(bases) > 1 and expression:
        _check_members(expression, bases, (scope.path, "expression"), check)
    if scope.resource.get("type") == "composite":
        _check_composite(scope, check)


def _check_members(expression: str, bases: list[str], path: Path, check: Check) -> None:
    try:
        members = _union(parse(expression))
    except MalformedError as error:
        check.error("invalid", path, f"FHIRPath expected: {error}", "search-expression")
        return
    for member in members:
        if not any(_leads_somewhere(str(member), base, check) for base in bases):
            message = f"an expression on {' or '.join(bases)} expected, '{member}' found"
            check.error("invalid", path, message, "search-expression")


def _union(tree: Tree) -> list[Tree]:
    if isinstance(tree, Binary) and tree.operator == "|":
        return [*_union(tree.left), *_union(tree.right)]
    return [tree]


def _leads_somewhere(expression: str, base: str, check: Check) -> bool:
    """Whether an expression can have a result on a type; what cannot be compiled is not judged."""
    try:
        compiled = compile_expression(expression, types=check.library.types, context_type=base)
    except CareloomError:
        return True
    return compiled.types is None or bool(compiled.types)


def _check_composite(scope: Scope, check: Check) -> None:
    """A composite has two parts at least, which are parameters themselves, and none of them is a composite."""
    components = list(parts(scope.resource, "component", scope.path))
    if len(components) < 2:
        message = f"at least 2 components of a composite expected, {len(components)} found"
        check.error("business-rule", scope.path, message, "search-expression")
    for component, path in components:
        canonical = text(component, "definition")
        found = check.library.definitions.find(canonical, "SearchParameter") if canonical else None
        if found is not None and found.get("type") == "composite":
            message = f"a parameter that is no composite itself expected, {canonical} is one"
            check.error("business-rule", path, message, "search-expression")
