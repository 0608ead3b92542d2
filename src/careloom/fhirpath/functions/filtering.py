"""Items that meet a condition, and what they lead to. Source: FHIRPath 2.0, 5.2 Filtering and projection."""

from collections.abc import Mapping
from typing import Any

from careloom.fhirpath.code import Code, Shape, in_boxes, many, truth
from careloom.fhirpath.comparison import Distinct
from careloom.fhirpath.conversions import comparable_value
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import Function, Invocation
from careloom.fhirpath.nodes import Item, Node
from careloom.fhirpath.type_operations import of_type, type_test
from careloom.fhirpath.types import type_name
from careloom.model.errors import TooCostlyError
from careloom.model.records import replace

MOST_COMPUTED = 10_000
"""Computed values that one ``repeat`` may give: unlike elements, they never end by themselves, as in ``$this + 1``."""


def _where(call: Invocation) -> Code:
    criterion = call.each_required(0)
    holds = truth(criterion, call.site)
    get, items, uncounted = call.input.run, many(call.input), call.uncounted

    def run_single(this: Item, scope: Scope) -> Item:
        item = get(this, scope)
        return item if item is not None and holds(item, scope) is True else None

    def run_many(this: Item, scope: Scope) -> list[Item]:
        found = get(this, scope)
        if len(found) > uncounted:
            scope.spend(len(found))
        return [item for item in found if holds(item, scope) is True]

    def run_counted(this: Item, scope: Scope) -> list[Item]:
        return [item for item in numbered(items(this, scope), scope) if holds(item, scope) is True]

    if call.mentions("index"):
        return call.code(run_counted, replace(call.input.shape, single=False), applied=criterion)
    return call.code(run_single if call.input.shape.single else run_many, call.input.shape, applied=criterion)


def _select(call: Invocation) -> Code:
    projection = call.each_required(0)
    items, step, uncounted = many(call.input), many(projection), call.uncounted
    shape = replace(projection.shape, single=False, ordered=projection.shape.ordered and call.input.shape.ordered)

    def run(this: Item, scope: Scope) -> list[Item]:
        found = items(this, scope)
        if len(found) > uncounted:
            scope.spend(len(found))
        together: list[Item] = []
        for item in found:
            parts = step(item, scope)
            if len(parts) > uncounted:
                scope.spend(len(parts))
            together.extend(parts)
        return together

    def run_counted(this: Item, scope: Scope) -> list[Item]:
        return [found for item in numbered(items(this, scope), scope) for found in step(item, scope)]

    return call.code(run_counted if call.mentions("index") else run, shape, applied=projection)


def _repeat(*, once: bool) -> Function:
    """``repeat``, which leaves out what it has seen, and ``repeatAll``, which does not."""

    def compiled(call: Invocation) -> Code:
        items = in_boxes(call.input)
        context = call.context.inside(replace(call.input, shape=Shape()))
        projection = call.compiler.compile(call.tree.arguments[0], context)
        step, site = in_boxes(projection), call.site

        def run(this: Item, scope: Scope) -> list[Item]:
            found: list[Item] = []
            computed, seen = 0, Distinct()
            queue = list(items(this, scope))
            for item in queue:  # which grows while it is walked
                following = step(item, scope)
                scope.spend(1 + len(following))
                for next in following:
                    if once and not seen.add(comparable_value(next, None)):
                        continue
                    found.append(next)
                    queue.append(next)
                    computed += next.__class__ is not Node
                    if computed > MOST_COMPUTED:
                        raise TooCostlyError(
                            str(site.invalid(f"{call.tree.name}() computes over {MOST_COMPUTED} values"))
                        )
            return found

        return call.code(run, Shape(None, ordered=projection.shape.ordered), applied=projection)

    return Function(compiled, 1, 1)


def _of_type(call: Invocation) -> Code:
    name = type_name(call.tree.arguments[0], call.site)
    one_only = call.tree.name == "as" and call.compiler.strict
    return of_type(call.input, name, call.site, call.compiler.types, one_only=one_only)


def _is(call: Invocation) -> Code:
    return type_test(call.input, type_name(call.tree.arguments[0], call.site), call.site, call.compiler.types)


def numbered(items: list[Item], scope: Scope) -> Any:
    """The items one by one, with ``$index`` set to the place of each; the index outside comes back at the end."""
    outside = scope.index
    scope.spend(len(items))
    try:
        for place, item in enumerate(items):
            scope.index = place
            yield item
    finally:
        scope.index = outside


FUNCTIONS: Mapping[str, Function] = {
    "where": Function(_where, 1, 1),
    "select": Function(_select, 1, 1),
    "repeat": _repeat(once=True),
    "repeatAll": _repeat(once=False),
    "ofType": Function(_of_type, 1, 1),
    "as": Function(_of_type, 1, 1),
    "is": Function(_is, 1, 1),
}
