"""Some of the items by their place, or by another collection. Source: FHIRPath 2.0, 5.3 Subsetting."""

from collections.abc import Callable, Mapping, Sequence

from careloom.fhirpath.code import Code, many, values
from careloom.fhirpath.comparison import Distinct
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import Function, Invocation, expected
from careloom.fhirpath.nodes import INTEGER, Item
from careloom.model.records import replace


def _single(call: Invocation) -> Code:
    items, site = many(call.input), call.site

    def run(this: Item, scope: Scope) -> Item:
        found = items(this, scope)
        if len(found) > 1:
            raise site.invalid(f"single() expects one item at most, {len(found)} found")
        return found[0] if found else None

    return call.code(run, replace(call.input.shape, single=True))


def _end(place: int) -> Function:
    """``first`` and ``last``."""

    def compiled(call: Invocation) -> Code:
        call.compiler.require_order(call.input, call.site, f"{call.tree.name}()")
        if call.input.shape.single:
            return call.input
        items = call.input.run

        def run(this: Item, scope: Scope) -> Item:
            found = items(this, scope)
            return found[place] if found else None

        return call.code(run, replace(call.input.shape, single=True))

    return Function(compiled)


def _tail(call: Invocation) -> Code:
    call.compiler.require_order(call.input, call.site, "tail()")
    items = many(call.input)
    return call.code(lambda this, scope: items(this, scope)[1:], replace(call.input.shape, single=False))


def _part(cut: Callable[[Sequence[Item], int], Sequence[Item]]) -> Function:
    """``skip`` and ``take``."""

    def compiled(call: Invocation) -> Code:
        call.compiler.require_order(call.input, call.site, f"{call.tree.name}()")
        argument = call.required(0)
        items, number = many(call.input), expected(argument, INTEGER, call)

        def run(this: Item, scope: Scope) -> Sequence[Item]:
            wanted = number(this, scope)
            return [] if wanted is None else cut(items(this, scope), max(wanted, 0))

        return call.code(run, replace(call.input.shape, single=False), argument)

    return Function(compiled, 1, 1)


def _sieve(*, keep: bool, once: bool) -> Function:
    """``intersect``, whose items appear once, and ``exclude``, which keeps order and repetitions."""

    def compiled(call: Invocation) -> Code:
        other = call.required(0)
        items, mine, yours = many(call.input), values(call.input), values(other)

        def run(this: Item, scope: Scope) -> list[Item]:
            known, seen = Distinct(), Distinct()
            for value in yours(this, scope):
                known.add(value)
            pairs = zip(items(this, scope), mine(this, scope), strict=True)
            return [item for item, value in pairs if (value in known) is keep and (not once or seen.add(value))]

        return call.code(run, replace(call.input.shape, single=False), other)

    return Function(compiled, 1, 1)


FUNCTIONS: Mapping[str, Function] = {
    "single": Function(_single),
    "first": _end(0),
    "last": _end(-1),
    "tail": Function(_tail),
    "skip": _part(lambda items, number: items[number:]),
    "take": _part(lambda items, number: items[:number]),
    "intersect": _sieve(keep=True, once=True),
    "exclude": _sieve(keep=False, once=False),
}
