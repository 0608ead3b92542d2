"""How the public suites call Careloom; the scripts beside each suite say what they expect."""

from collections.abc import Callable
from functools import cache
from typing import Any

from careloom.definitions import Definitions, TypeModel
from careloom.fhirpath import Expression, compile_expression
from careloom.model import ExactDecimal


def evaluate(expression: str, resource: Any) -> list[tuple[str, Any]]:
    """The results of a FHIRPath expression on a resource, each as type and value; strict about types."""
    compiled = _compiled(expression, resource)
    return [(node.type_name, node.value) for node in compiled.evaluate_typed(resource)]


def compile(expression: str) -> Callable[[Any], list[Any]]:
    """The expression as a function of a prepared resource, for measuring evaluation alone.

    It is compiled for each type of resource when that is first met.
    """
    known: dict[str | None, Callable[[Any], list[Any]]] = {}

    def run(resource: Any) -> list[Any]:
        name = resource["resourceType"] if resource else None
        if name not in known:
            known[name] = compile_expression(expression, types=_types(), context_type=name).evaluate
        return known[name](resource)

    return run


def prepare(resource: Any) -> Any:
    """The resource with decimals instead of the floats of the standard library's parser."""
    if isinstance(resource, dict):
        return {key: prepare(value) for key, value in resource.items()}
    if isinstance(resource, list):
        return [prepare(value) for value in resource]
    if isinstance(resource, float):
        return ExactDecimal(repr(resource))
    return resource


def _compiled(expression: str, resource: Any) -> Expression:
    context_type = resource.get("resourceType") if isinstance(resource, dict) else None
    return compile_expression(expression, types=_types(), context_type=context_type, strict=True)


@cache
def _types() -> TypeModel:
    return Definitions.load().types
