"""Down the tree of elements. Source: FHIRPath 2.0, 5.8 Tree navigation. Neither result has an order."""

from collections.abc import Callable, Mapping

from careloom.fhirpath.code import Code, Shape, many
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import Function, Invocation
from careloom.fhirpath.nodes import Item, Node

_UNORDERED = Shape(None, ordered=False)


def _children(call: Invocation) -> Code:
    return _walk(call, call.compiler.navigation.children)


def _descendants(call: Invocation) -> Code:
    return _walk(call, call.compiler.navigation.descendants)


def _walk(call: Invocation, walk: Callable[[Item, str | None], list[Node]]) -> Code:
    items, exact = many(call.input), call.input.shape.exact

    def run(this: Item, scope: Scope) -> list[Item]:
        nodes: list[Item] = []
        for item in items(this, scope):
            below = walk(item, exact)
            scope.spend(len(below))
            nodes.extend(below)
        return nodes

    return call.code(run, _UNORDERED)


FUNCTIONS: Mapping[str, Function] = {
    "children": Function(_children),
    "descendants": Function(_descendants),
}
