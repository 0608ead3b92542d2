"""One value out of many. Source: FHIRPath 2.0, 7 Aggregates; ``sum``, ``min``, ``max``, ``avg`` from 2.1."""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from functools import reduce
from typing import Any

from careloom.fhirpath.arithmetic import add, divide
from careloom.fhirpath.code import ANY, ANY_ONE, NOTHING, Code, in_boxes, many, values
from careloom.fhirpath.comparison import order
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.functions.filtering import numbered
from careloom.fhirpath.invocation import Function, Invocation
from careloom.fhirpath.nodes import Item
from careloom.model.errors import InvalidError
from careloom.model.records import replace


def _aggregate(call: Invocation) -> Code:
    """Each item in turn makes a new ``$total`` of the one before."""
    initial = call.argument(1)
    context = replace(call.context.inside(call.input), total=ANY)
    aggregator = call.compiler.compile(call.tree.arguments[0], context)
    items, step = many(call.input), in_boxes(aggregator)
    start = None if initial is None else in_boxes(initial)

    def run(this: Item, scope: Scope) -> list[Item]:
        outside, total = scope.total, NOTHING if start is None else start(this, scope)
        for item in numbered(items(this, scope), scope):
            scope.total = total
            total = step(item, scope)
        scope.total = outside
        return total

    return replace(call.code(run, ANY, initial), uses_world=True)


def _fold(combine: Callable[[Any, Any], Any]) -> Function:
    def compiled(call: Invocation) -> Code:
        get, site = values(call.input), call.site

        def run(this: Item, scope: Scope) -> Any:
            found = get(this, scope)
            try:
                return reduce(combine, found) if found else None
            except InvalidError as error:
                raise site.invalid(str(error)) from error
            except DecimalException:
                return None

        return call.code(run, ANY_ONE)

    return Function(compiled)


def _sum(left: Any, right: Any) -> Any:
    return None if left is None or right is None else add(left, right)


def _less(left: Any, right: Any) -> Any:
    return _picked(left, right, -1)


def _more(left: Any, right: Any) -> Any:
    return _picked(left, right, 1)


def _picked(left: Any, right: Any, wanted: int) -> Any:
    found = None if left is None or right is None else order(left, right)
    return None if found is None else left if found == wanted else right


def _average(call: Invocation) -> Code:
    get, site = values(call.input), call.site

    def run(this: Item, scope: Scope) -> Any:
        found = get(this, scope)
        try:
            total = reduce(_sum, found) if found else None
            return None if total is None else divide(total, Decimal(len(found)))
        except InvalidError as error:
            raise site.invalid(str(error)) from error

    return call.code(run, ANY_ONE)


FUNCTIONS: Mapping[str, Function] = {
    "aggregate": Function(_aggregate, 1, 2),
    "sum": _fold(_sum),
    "min": _fold(_less),
    "max": _fold(_more),
    "avg": Function(_average),
}
