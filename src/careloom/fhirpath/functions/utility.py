"""Trace, the present, variables, order, types, parts of dates.

Source: FHIRPath 2.0, 5.9 Utility functions and 10 Types; ``sort``, ``defineVariable`` and ``…Of`` from 2.1 and later.
"""

from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Any

from careloom.fhirpath.ast import Literal, Sign
from careloom.fhirpath.code import Code, Run, many, one, value
from careloom.fhirpath.comparison import order
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import ANYTHING, Function, Invocation, expected, of_value
from careloom.fhirpath.nodes import (
    DATE,
    DATE_TIME,
    DECIMAL,
    INTEGER,
    STRING,
    TIME,
    TYPE_INFO,
    Item,
    TypeInfo,
    plain,
    type_of,
)
from careloom.fhirpath.temporal import Date, DateTime, Temporal, Time, date_time_of
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, replace


def _trace(call: Invocation) -> Code:
    """The input, after the environment was told of it."""
    name, projection = call.required(0), call.each(1)
    items, title = many(call.input), expected(name, STRING, call)
    step = None if projection is None else many(projection)

    def run(this: Item, scope: Scope) -> list[Item]:
        found = items(this, scope)
        tell = scope.environment.trace
        if tell is not None:
            told = found if step is None else [part for item in found for part in step(item, scope)]
            tell(title(this, scope) or "", [plain(item) for item in told])
        return found  # type: ignore[no-any-return]

    return replace(call.code(run, replace(call.input.shape, single=False), name), uses_world=True)


def _present(take: Callable[[DateTime], Temporal], type: str) -> Function:
    def compiled(call: Invocation) -> Code:
        def run(this: Item, scope: Scope) -> Temporal:
            return take(date_time_of(scope.moment))

        return Code(run, one(type), uses_this=False, uses_world=True)

    return Function(compiled)


def _define_variable(call: Invocation) -> Code:
    """The input, with a name for it, or for an expression over it, in the rest of the path."""
    name = call.tree.arguments[0]
    if not isinstance(name, Literal) or not isinstance(name.value, str):
        raise call.site.malformed("defineVariable() expects the name as a text literal")
    if name.value in call.context.variables or name.value in (
        "resource",
        "rootResource",
        "context",
        "ucum",
        "sct",
        "loinc",
    ):
        raise call.site.invalid(f"%{name.value} is defined already")
    content = _on_all(call)
    items, slot = many(call.input), call.compiler.next_slot()
    get = None if content is None else many(content)
    is_single = call.input.shape.single

    def run(this: Item, scope: Scope) -> list[Item]:
        found = items(this, scope)
        if get is None:
            scope.variables[slot] = found
        else:
            scope.variables[slot] = get((found[0] if found else None) if is_single else found, scope)
        return found  # type: ignore[no-any-return]

    shape = call.input.shape if content is None else content.shape
    code = replace(call.code(run, replace(call.input.shape, single=False)), uses_world=True)
    return replace(code, variables={name.value: (slot, shape)})


def _on_all(call: Invocation) -> Code | None:
    """The code of the expression to keep, which starts from the input as a whole and not from each of its items."""
    if len(call.tree.arguments) == 1:
        return None
    context = replace(call.context.inside(call.input), this=call.input.shape)
    return call.compiler.compile(call.tree.arguments[1], context)


def _sort(call: Invocation) -> Code:
    """In the order of the keys, in turn; a minus sign turns one round. An item without a key comes first."""
    keys = [_sort_key(call, position) for position in range(len(call.tree.arguments))] or [_natural(call)]
    items = many(call.input)

    def compare(left: _Keyed, right: _Keyed) -> int:
        for (_, descending), mine, yours in zip(keys, left.keys, right.keys, strict=True):
            found = _order_of_keys(mine, yours)
            if found:
                return -found if descending and mine is not None and yours is not None else found
        return 0

    def run(this: Item, scope: Scope) -> list[Item]:
        keyed = [_Keyed(item, [get(item, scope) for get, _ in keys]) for item in items(this, scope)]
        try:
            return [found.item for found in sorted(keyed, key=cmp_to_key(compare))]
        except InvalidError as error:
            raise call.site.invalid(str(error)) from error

    return replace(call.code(run, replace(call.input.shape, single=False, ordered=True)), uses_world=True)


@dataclass(frozen=True, slots=True)
class _Keyed:
    """An item with the values that it is sorted by."""

    item: Item
    keys: list[Any]


def _sort_key(call: Invocation, position: int) -> tuple[Run, bool]:
    tree = call.tree.arguments[position]
    descending = isinstance(tree, Sign) and tree.operator == "-"
    key = tree.operand if isinstance(tree, Sign) else tree
    context = call.context.inside(call.input)
    return value(call.compiler.compile(key, context), call.site), descending


def _natural(call: Invocation) -> tuple[Run, bool]:
    shape = replace(call.input.shape, single=True)
    return value(Code(lambda this, scope: this, shape), call.site), False


def _order_of_keys(left: Any, right: Any) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    return order(left, right) or 0


def _type(call: Invocation) -> Code:
    items, exact = many(call.input), call.input.shape.exact

    def run(this: Item, scope: Scope) -> list[TypeInfo]:
        return [_info(type_of(item, exact)) for item in items(this, scope)]

    def run_single(this: Item, scope: Scope) -> TypeInfo | None:
        item = call.input.run(this, scope)
        return None if item is None else _info(type_of(item, exact))

    if call.input.shape.single:
        return call.code(run_single, one(TYPE_INFO))
    return call.code(run, replace(one(TYPE_INFO), single=False))


def _info(name: str) -> TypeInfo:
    if name.startswith("System."):
        return TypeInfo("System", name.removeprefix("System."))
    return TypeInfo("FHIR", name)


def _component(position: int, type: str) -> Function:
    """A component of a date, date-time or time, nothing where it is not known; ``position`` counts from the year."""

    def component(value: Any) -> Any:
        if not isinstance(value, Temporal):
            raise InvalidError("a date or time expected")
        at = position - 3 if isinstance(value, Time) else position
        found = value.parts[at] if 0 <= at < len(value.parts) else None
        return int(found) if found is not None else None

    return of_value(component, ANYTHING, gives=type)


def _millisecond(value: Any) -> int | None:
    if not isinstance(value, Temporal):
        raise InvalidError("a date or time expected")
    second = value.parts[-1] if len(value.parts) == len(value.units) else None
    return None if second is None or isinstance(value, Date) else int(second % 1 * 1000)


def _zone_hours(value: DateTime) -> Any:
    return value.zone_hours


def _date_of(value: Any) -> Date | None:
    return Date(value.parts[:3]) if isinstance(value, Date | DateTime) else None


def _time_of(value: DateTime) -> Time | None:
    return Time(value.parts[3:]) if len(value.parts) > 3 else None


FUNCTIONS: Mapping[str, Function] = {
    "trace": Function(_trace, 1, 2),
    "now": _present(lambda moment: moment, DATE_TIME),
    "today": _present(lambda moment: Date(moment.parts[:3]), DATE),
    "timeOfDay": _present(lambda moment: Time(moment.parts[3:]), TIME),
    "defineVariable": Function(_define_variable, 1, 2),
    "sort": Function(_sort, 0, 20),
    "type": Function(_type),
    "yearOf": _component(0, INTEGER),
    "monthOf": _component(1, INTEGER),
    "dayOf": _component(2, INTEGER),
    "hourOf": _component(3, INTEGER),
    "minuteOf": _component(4, INTEGER),
    "secondOf": _component(5, INTEGER),
    "millisecondOf": of_value(_millisecond, ANYTHING, gives=INTEGER),
    "timezoneOffsetOf": of_value(_zone_hours, DATE_TIME, gives=DECIMAL),
    "dateOf": of_value(_date_of, ANYTHING, gives=DATE),
    "timeOf": of_value(_time_of, DATE_TIME, gives=TIME),
}
