"""SearchParameters for several resource types: each part of the expression leads somewhere on one of them.

An expression for one type, and what a parameter is derived from, are told by
`careloom.validation.rules.search_parameters`. Source: FHIR R4, SearchParameter.expression and component.
"""

from careloom.fhirpath import compile_expression
from careloom.fhirpath.ast import Binary, Tree
from careloom.fhirpath.parser import parse
from careloom.model.errors import CareloomError, MalformedError
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import parts, text, texts


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
    """The parts of a composite are parameters themselves, and none of them is a composite."""
    for component, path in parts(scope.resource, "component", scope.path):
        canonical = text(component, "definition")
        found = check.library.definitions.find(canonical, "SearchParameter") if canonical else None
        if found is not None and found.get("type") == "composite":
            message = f"a parameter that is no composite itself expected, {canonical} is one"
            check.error("business-rule", path, message, "search-expression")
