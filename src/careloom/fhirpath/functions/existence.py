"""Whether there is something, and how much. Source: FHIRPath 2.0, 5.1 Existence."""

from collections.abc import Mapping

from careloom.fhirpath.code import TRUTH, Code, as_truth, many, one, truth, values
from careloom.fhirpath.comparison import Distinct
from careloom.fhirpath.conversions import comparable_value
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import Function, Invocation
from careloom.fhirpath.nodes import INTEGER, Item, plain
from careloom.fhirpath.operators import distinct
from careloom.model.records import replace


def _exists(call: Invocation) -> Code:
    criterion = call.each(0)
    if criterion is not None:
        items, holds, uncounted = many(call.input), truth(criterion, call.site), call.uncounted

        def run(this: Item, scope: Scope) -> bool:
            found = items(this, scope)
            if len(found) > uncounted:
                scope.spend(len(found))
            return any(holds(item, scope) is True for item in found)

        return call.code(run, TRUTH, applied=criterion)
    get = call.input.run
    if call.input.shape.single:
        return call.code(lambda this, scope: get(this, scope) is not None, TRUTH)
    return call.code(lambda this, scope: bool(get(this, scope)), TRUTH)


def _empty(call: Invocation) -> Code:
    get = call.input.run
    if call.input.shape.single:
        return call.code(lambda this, scope: get(this, scope) is None, TRUTH)
    return call.code(lambda this, scope: not get(this, scope), TRUTH)


def _count(call: Invocation) -> Code:
    get = call.input.run
    if call.input.shape.single:
        return call.code(lambda this, scope: 0 if get(this, scope) is None else 1, one(INTEGER))
    return call.code(lambda this, scope: len(get(this, scope)), one(INTEGER))


def _all(call: Invocation) -> Code:
    criterion = call.each_required(0)
    items, holds, uncounted = many(call.input), truth(criterion, call.site), call.uncounted

    def run(this: Item, scope: Scope) -> bool:
        found = items(this, scope)
        if len(found) > uncounted:
            scope.spend(len(found))
        return all(holds(item, scope) is True for item in found)

    return call.code(run, TRUTH, applied=criterion)


def _not(call: Invocation) -> Code:
    get = truth(call.input, call.site)

    def run(this: Item, scope: Scope) -> bool | None:
        found = get(this, scope)
        return None if found is None else not found

    return call.code(run, TRUTH)


def _quantifier(*, every: bool, wanted: bool) -> Function:
    """``allTrue``, ``anyTrue``, ``allFalse``, ``anyFalse``, over booleans only."""
    decide = all if every else any

    def compiled(call: Invocation) -> Code:
        items, site = many(call.input), call.site

        def run(this: Item, scope: Scope) -> bool:
            found = items(this, scope)
            for item in found:
                if not isinstance(plain(item), bool):
                    raise site.invalid(f"{call.tree.name}() expects booleans, {plain(item)!r} found")
            return decide(as_truth(item) is wanted for item in found)

        return call.code(run, TRUTH)

    return Function(compiled)


def _subset(*, reverse: bool) -> Function:
    """``subsetOf`` and ``supersetOf``."""

    def compiled(call: Invocation) -> Code:
        other = call.required(0)
        mine, yours = values(call.input), values(other)
        inner, outer = (yours, mine) if reverse else (mine, yours)

        def run(this: Item, scope: Scope) -> bool:
            known = Distinct()
            for value in outer(this, scope):
                known.add(value)
            return all(value in known for value in inner(this, scope))

        return call.code(run, TRUTH, other)

    return Function(compiled, 1, 1)


def _distinct(call: Invocation) -> Code:
    items, exact, uncounted = many(call.input), call.input.shape.exact, call.uncounted

    def run(this: Item, scope: Scope) -> list[Item]:
        found = items(this, scope)
        if len(found) > uncounted:
            scope.spend(len(found))
        return distinct(found, exact)

    return call.code(run, replace(call.input.shape, single=False))


def _is_distinct(call: Invocation) -> Code:
    items, exact, uncounted = many(call.input), call.input.shape.exact, call.uncounted

    def run(this: Item, scope: Scope) -> bool:
        found = items(this, scope)
        if len(found) > uncounted:
            scope.spend(len(found))
        if all(item.__class__ is str for item in found):
            return len(set(found)) == len(found)
        seen = Distinct()
        return all(seen.add(comparable_value(item, exact)) for item in found)

    return call.code(run, TRUTH)


FUNCTIONS: Mapping[str, Function] = {
    "empty": Function(_empty),
    "exists": Function(_exists, 0, 1),
    "all": Function(_all, 1, 1),
    "allTrue": _quantifier(every=True, wanted=True),
    "anyTrue": _quantifier(every=False, wanted=True),
    "allFalse": _quantifier(every=True, wanted=False),
    "anyFalse": _quantifier(every=False, wanted=False),
    "subsetOf": _subset(reverse=False),
    "supersetOf": _subset(reverse=True),
    "count": Function(_count),
    "distinct": Function(_distinct),
    "isDistinct": Function(_is_distinct),
    "not": Function(_not),
}
