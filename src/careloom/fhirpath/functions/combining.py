"""Two collections made one. Source: FHIRPath 2.0, 5.4 Combining; ``coalesce`` from the 3.0 ballot."""

from collections.abc import Mapping

from careloom.fhirpath.code import NOTHING, Code, Shape, in_boxes, many
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import Function, Invocation
from careloom.fhirpath.nodes import Item
from careloom.fhirpath.operators import combined, union


def _union(call: Invocation) -> Code:
    return union([call.input, call.required(0)])


def _combine(call: Invocation) -> Code:
    other = call.required(0)
    same = call.input.shape.exact is not None and call.input.shape.exact == other.shape.exact
    mine, yours = (many(call.input), many(other)) if same else (in_boxes(call.input), in_boxes(other))
    shape = Shape(call.input.shape.types if same else None)

    def run(this: Item, scope: Scope) -> list[Item]:
        found = [*mine(this, scope), *yours(this, scope)]
        scope.spend(len(found))
        return found

    return call.code(run, shape, other)


def _coalesce(call: Invocation) -> Code:
    choices = [call.required(position) for position in range(len(call.tree.arguments))]
    parts = [in_boxes(choice) for choice in choices]

    def run(this: Item, scope: Scope) -> list[Item]:
        return next((found for part in parts if (found := part(this, scope))), NOTHING)

    return combined(run, Shape(), *choices)


FUNCTIONS: Mapping[str, Function] = {
    "union": Function(_union, 1, 1),
    "combine": Function(_combine, 1, 1),
    "coalesce": Function(_coalesce, 1, 100),
}
