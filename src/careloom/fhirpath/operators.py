"""Code for the operators, given the code of their operands."""

from collections.abc import Callable, Mapping, Sequence
from decimal import DecimalException
from typing import Any

from careloom.fhirpath.arithmetic import OPERATORS as ARITHMETIC
from careloom.fhirpath.arithmetic import joined, negate
from careloom.fhirpath.code import (
    ANY_ONE,
    LONG,
    NOTHING,
    TRUTH,
    Code,
    Run,
    Shape,
    in_boxes,
    many,
    one,
    truth,
    value,
    values,
)
from careloom.fhirpath.comparison import (
    Distinct,
    equal,
    equal_collections,
    equivalent_collections,
    order,
)
from careloom.fhirpath.conversions import STRING_TYPES, SYSTEM_TYPE_OF, comparable_value
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.nodes import DATE, DATE_TIME, DECIMAL, INTEGER, QUANTITY, STRING, TIME, Item, Node
from careloom.fhirpath.sources import Site
from careloom.model.errors import InvalidError


def combined(run: Run, shape: Shape, *operands: Code) -> Code:
    """Code whose result depends on what its operands depend on."""
    return Code(
        run,
        shape,
        uses_this=any(operand.uses_this for operand in operands),
        uses_world=any(operand.uses_world for operand in operands),
    )


def all_of(operands: Sequence[Code], site: Site) -> Code:
    """``and``: false as soon as one is false, else unknown if one is unknown."""
    return _decided_by(False, operands, site)


def any_of(operands: Sequence[Code], site: Site) -> Code:
    """``or``: true as soon as one is true, else unknown if one is unknown."""
    return _decided_by(True, operands, site)


def exclusive(left: Code, right: Code, site: Site) -> Code:
    """``xor``: unknown if one is unknown."""
    first, second = truth(left, site), truth(right, site)

    def run(this: Item, scope: Scope) -> bool | None:
        mine, yours = first(this, scope), second(this, scope)
        return None if mine is None or yours is None else mine is not yours

    return combined(run, TRUTH, left, right)


def implied(left: Code, right: Code, site: Site) -> Code:
    """``implies``: what is on the right is asked only where the left is not false."""
    first, second = truth(left, site), truth(right, site)

    def run(this: Item, scope: Scope) -> bool | None:
        premise = first(this, scope)
        if premise is False:
            return True
        conclusion = second(this, scope)
        if premise is True or conclusion is True:
            return conclusion  # type: ignore[no-any-return]
        return None

    return combined(run, TRUTH, left, right)


def equality(operator: str, left: Code, right: Code, site: Site) -> Code:
    """``=`` and ``!=``."""
    negated = operator == "!="
    if not (left.shape.single and right.shape.single):
        run = _equal_lists(left, right)
    elif _is_text(left) and _is_text(right) and right.is_constant:
        run = _equal_text(left, right, site)
    else:
        run = _equal_items(left, right, site)
    return combined(_not(run) if negated else run, TRUTH, left, right)


def equivalence(operator: str, left: Code, right: Code, site: Site) -> Code:
    """``~`` and ``!~``, which always answer."""
    first, second, negated = values(left), values(right), operator == "!~"

    def run(this: Item, scope: Scope) -> bool:
        mine, yours = first(this, scope), second(this, scope)
        _count(mine, scope)
        return equivalent_collections(mine, yours) is not negated

    return combined(run, TRUTH, left, right)


def ordering(operator: str, left: Code, right: Code, site: Site) -> Code:
    """``<``, ``<=``, ``>`` and ``>=``."""
    first, second, accepts = value(left, site), value(right, site), _ACCEPTED[operator]

    def run(this: Item, scope: Scope) -> bool | None:
        mine = first(this, scope)
        if mine is None:
            return None
        yours = second(this, scope)
        if yours is None:
            return None
        try:
            found = order(mine, yours)
        except InvalidError as error:
            raise site.invalid(str(error)) from error
        return None if found is None else found in accepts

    return combined(run, TRUTH, left, right)


def membership(operator: str, left: Code, right: Code, site: Site) -> Code:
    """``in`` and ``contains``: whether one item is in a collection."""
    item, collection = (left, right) if operator == "in" else (right, left)
    first, second = value(item, site), values(collection)

    def run(this: Item, scope: Scope) -> bool | None:
        wanted = first(this, scope)
        if wanted is None:
            return None
        return any(equal(found, wanted) is True for found in second(this, scope))

    if collection.is_constant and _is_text(item):
        known = frozenset(found for found in second(None, _NO_SCOPE) if isinstance(found, str))

        def run_on_text(this: Item, scope: Scope) -> bool | None:
            wanted = first(this, scope)
            return None if wanted is None else wanted in known

        return combined(run_on_text, TRUTH, left, right)
    return combined(run, TRUTH, left, right)


def union(operands: Sequence[Code]) -> Code:
    """``|``: all items without those that equal an earlier one."""
    if len({operand.shape.exact for operand in operands}) == 1 and operands[0].shape.exact:
        exact = operands[0].shape.exact
        shape = Shape(frozenset({exact}), ordered=all(operand.shape.ordered for operand in operands))
        parts = [many(operand) for operand in operands]
    else:
        exact = None
        shape = Shape(_all_types(operands), ordered=all(operand.shape.ordered for operand in operands))
        parts = [in_boxes(operand) for operand in operands]

    def run(this: Item, scope: Scope) -> list[Item]:
        filled = [items for part in parts if (items := part(this, scope))]
        if not filled:
            return NOTHING
        if len(filled) == 1 and len(filled[0]) == 1:
            return filled[0]  # type: ignore[no-any-return]
        together = [item for items in filled for item in items]
        if len(together) > LONG:
            scope.spend(len(together))
        return distinct(together, exact)

    return combined(run, shape, *operands)


def distinct(items: Sequence[Item], exact: str | None) -> list[Item]:
    """The items without those that equal an earlier one."""
    seen = Distinct()
    return [item for item in items if seen.add(comparable_value(item, exact))]


def arithmetic(operator: str, left: Code, right: Code, site: Site) -> Code:
    """``+ - * / div mod``: empty where an operand is, or where the result has no place."""
    first, second, compute = value(left, site), value(right, site), ARITHMETIC[operator]

    def run(this: Item, scope: Scope) -> Any:
        mine, yours = first(this, scope), second(this, scope)
        if mine is None or yours is None:
            return None
        try:
            return compute(mine, yours)
        except InvalidError as error:
            raise site.invalid(str(error)) from error
        except DecimalException:
            return None

    return combined(run, _arithmetic_shape(operator, left, right), left, right)


def concatenation(left: Code, right: Code, site: Site) -> Code:
    """``&``: two texts as one, where an empty operand counts as the empty text."""
    first, second = value(left, site), value(right, site)

    def run(this: Item, scope: Scope) -> str:
        mine, yours = first(this, scope), second(this, scope)
        for operand in (mine, yours):
            if not (operand is None or isinstance(operand, str)):
                raise site.invalid(f"& joins texts, {operand!r} found")
        return joined(mine or "", yours or "")

    return combined(run, one(STRING), left, right)


def signed(operator: str, operand: Code, site: Site) -> Code:
    """A plus or minus before a number or quantity."""
    get = value(operand, site)

    def run(this: Item, scope: Scope) -> Any:
        found = get(this, scope)
        if found is None:
            return None
        try:
            negated = negate(found)
        except InvalidError as error:
            raise site.invalid(str(error)) from error
        return negated if operator == "-" else found

    return combined(run, Shape(_system_types(operand), single=True), operand)


def item_at(target: Code, position: Code, site: Site) -> Code:
    """``collection[position]``, counted from 0."""
    items, place = many(target), value(position, site)

    def run(this: Item, scope: Scope) -> Item:
        found, at = items(this, scope), place(this, scope)
        if at is None:
            return None
        if not isinstance(at, int) or isinstance(at, bool):
            raise site.invalid(f"an integer expected as index, {at!r} found")
        return found[at] if 0 <= at < len(found) else None

    return combined(run, Shape(target.shape.types, single=True), target, position)


_ACCEPTED: Mapping[str, frozenset[int]] = {
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
}
_NO_SCOPE: Any = None


def _decided_by(decisive: bool, operands: Sequence[Code], site: Site) -> Code:
    conditions = [truth(operand, site) for operand in operands]

    def run(this: Item, scope: Scope) -> Any:
        answer: bool | None = not decisive
        for condition in conditions:
            found = condition(this, scope)
            if found is decisive:
                return decisive
            if found is None:
                answer = None
        return answer

    def run_two(this: Item, scope: Scope) -> Any:
        mine = first(this, scope)
        if mine is decisive:
            return decisive
        yours = second(this, scope)
        if yours is decisive:
            return decisive
        return None if mine is None or yours is None else not decisive

    if len(conditions) == 2:
        first, second = conditions
        return combined(run_two, TRUTH, *operands)
    return combined(run, TRUTH, *operands)


def _not(run: Callable[[Item, Scope], bool | None]) -> Callable[[Item, Scope], bool | None]:
    def negated(this: Item, scope: Scope) -> bool | None:
        answer = run(this, scope)
        return None if answer is None else not answer

    return negated


def _is_text(code: Code) -> bool:
    return code.shape.exact == STRING or code.shape.exact in STRING_TYPES


def _equal_text(left: Code, right: Code, site: Site) -> Run:
    """A text of the data against one of the expression, the commonest comparison of all."""
    get, wanted = left.run, value(right, site)(None, _NO_SCOPE)

    def run(this: Item, scope: Scope) -> bool | None:
        found = get(this, scope)
        if found.__class__ is Node:
            found = found.value
        return None if found is None or wanted is None else bool(found == wanted)

    return run


def _equal_items(left: Code, right: Code, site: Site) -> Run:
    first, second = value(left, site), value(right, site)

    def run(this: Item, scope: Scope) -> bool | None:
        mine = first(this, scope)
        if mine is None:
            return None
        yours = second(this, scope)
        if mine.__class__ is dict:
            scope.spend(LONG)
        return None if yours is None else equal(mine, yours)

    return run


def _equal_lists(left: Code, right: Code) -> Run:
    first, second = values(left), values(right)

    def run(this: Item, scope: Scope) -> bool | None:
        mine, yours = first(this, scope), second(this, scope)
        _count(mine, scope)
        return equal_collections(mine, yours)

    return run


def _count(items: Sequence[Any], scope: Scope) -> None:
    """Count what is compared item by item; structures, however few, since they may be large."""
    if len(items) > LONG or (items and items[0].__class__ is dict):
        scope.spend(len(items) * LONG)


def _all_types(operands: Sequence[Code]) -> frozenset[str] | None:
    types: set[str] = set()
    for operand in operands:
        if operand.shape.types is None:
            return None
        types |= operand.shape.types
    return frozenset(types)


def _system_types(code: Code) -> frozenset[str] | None:
    types = code.shape.types
    if types is None:
        return None
    turned = frozenset(type if type.startswith("System.") else SYSTEM_TYPE_OF.get(type, "") for type in types)
    return None if "" in turned else turned


def _arithmetic_shape(operator: str, left: Code, right: Code) -> Shape:
    mine, yours = _system_types(left), _system_types(right)
    if mine is None or yours is None or len(mine) != 1 or len(yours) != 1:
        return ANY_ONE
    (first,), (second,) = mine, yours
    return _RESULTS.get((operator, first, second)) or _RESULTS.get(("", first, second)) or ANY_ONE


_RESULTS: Mapping[tuple[str, str, str], Shape] = {
    **{("", type, QUANTITY): one(type) for type in (DATE, DATE_TIME, TIME, QUANTITY)},
    ("", INTEGER, INTEGER): one(INTEGER),
    ("/", INTEGER, INTEGER): one(DECIMAL),
    ("+", STRING, STRING): one(STRING),
    **{(operator, DECIMAL, DECIMAL): one(DECIMAL) for operator in ("+", "-", "*", "/", "mod")},
    ("div", DECIMAL, DECIMAL): one(INTEGER),
}
