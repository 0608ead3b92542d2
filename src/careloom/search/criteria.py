"""One search parameter of a request, read into a condition: a plain one, a chain, ``_has``, ``_filter`` and the like.

A name is read from its left: ``_has:Type:parameter:`` and ``parameter:Type.`` each lead to another resource, and
what follows is a name in the scope of that. What is left is a parameter with at most one modifier.
"""

from collections.abc import Callable, Mapping

from careloom.model.errors import InvalidError
from careloom.search.chains import read_chain, read_has
from careloom.search.codes import codes_of
from careloom.search.conditions import Comparison, Condition, Has, Missing, Not
from careloom.search.escaping import shown, split
from careloom.search.filters import read_filter
from careloom.search.fulltext import read_fulltext
from careloom.search.kinds import KINDS, Reading
from careloom.search.limits import hold
from careloom.search.modifiers import check
from careloom.search.operands import TokenOperand
from careloom.search.parameters import SearchParameter
from careloom.search.refusals import not_supported, too_long
from careloom.search.scope import Scope

_EXPANDED = ("in", "not-in", "above", "below")


def read_criterion(name: str, value: str, scope: Scope) -> Condition:
    """The condition that a name and a value make.

    Args:
        name: As in the request: ``birthdate``, ``code:in``, ``subject:Patient.name``, ``_has:Encounter:patient:date``.
        value: As in the request, percent-decoded.
        scope: Whose parameters the name means.

    Raises:
        NotSupportedError: A parameter that is not known or cannot be searched by; the search may do without it.
        InvalidError: A value or modifier is wrong.
        TooCostlyError: More than the limits allow.
    """
    if name.startswith("_has:"):
        return read_has(name, value, scope, read_criterion)
    if "." in name:
        return read_chain(name, value, scope, read_criterion)
    code, _, modifier = name.partition(":")
    if code in _SPECIAL:
        if modifier:
            raise InvalidError(f"{code} without modifier expected, found {shown(modifier)}")
        return _SPECIAL[code](value, scope)
    return read_plain(scope.parameter(code), modifier, value, scope)


def read_plain(parameter: SearchParameter, modifier: str, value: str, scope: Scope) -> Condition:
    """A condition on a parameter of the resource itself.

    Raises:
        InvalidError: The value or modifier is wrong.
        TooCostlyError: More alternatives than the limits allow.
    """
    kind = check(parameter, modifier)
    if modifier == "missing":
        return Missing(parameter.code, _boolean(value))
    if parameter.is_text:
        return read_fulltext(parameter.code, value, scope)
    if parameter.kind == "token" and modifier in _EXPANDED:
        return _expanded(parameter, modifier, value, scope)
    operands = tuple(
        KINDS[kind].read(each, _reading(parameter, modifier, scope)) for each in alternatives(value, scope)
    )
    written = value if modifier == "of-type" else ""
    comparison = Comparison(parameter.code, kind, operands, "" if modifier == "not" else modifier, written)
    return Not(comparison) if modifier == "not" else comparison


def alternatives(value: str, scope: Scope) -> list[str]:
    """The values between the commas, their escapes in place.

    Raises:
        InvalidError: One of them is empty or too long.
        TooCostlyError: There are too many.
    """
    found = split(value, ",")
    hold(len(found), scope.limits.alternatives, "values separated by commas")
    for each in found:
        if not each:
            raise InvalidError("a value expected on both sides of a comma, found nothing")
        if len(each) > scope.limits.length:
            raise too_long(f"a value of at most {scope.limits.length} characters expected, found {len(each)}")
    return found


def _expanded(parameter: SearchParameter, modifier: str, value: str, scope: Scope) -> Condition:
    """A set of codes, with the value kept as it came since the codes do not tell it."""
    kind = modifier.removeprefix("not-")
    found: dict[TokenOperand, None] = {}
    for each in alternatives(value, scope):
        found |= dict.fromkeys(codes_of(kind, each, parameter, scope))
        hold(len(found), scope.limits.codes, "codes that a value set or hierarchy stands for")
    comparison = Comparison(parameter.code, "token", tuple(found), kind, written=value)
    return Not(comparison) if modifier == "not-in" else comparison


def _reading(parameter: SearchParameter, modifier: str, scope: Scope) -> Reading:
    registry = scope.registry
    return Reading(parameter, modifier, base_url=registry.base_url, zone=registry.zone, now=scope.now)


def _boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidError(f"true or false expected, found {shown(value)}")
    return value == "true"


# parameters that are none of a type


def _list(value: str, scope: Scope) -> Condition:
    """``_list=42``: what an entry of the list refers to, the same as ``_has:List:item:_id=42``."""
    if value.startswith("$"):
        raise not_supported(f"the id of a List expected; functional lists are not kept here, found {shown(value)}")
    ids = Comparison("_id", "token", tuple(TokenOperand(None, id.removeprefix("List/")) for id in value.split(",")))
    scope.behind("List")
    return Has("List", "item", ids)


def _filter(value: str, scope: Scope) -> Condition:
    return read_filter(value, scope, read_plain)


def _query(value: str, scope: Scope) -> Condition:
    raise not_supported(f"named queries are not supported, found {shown(value)}")


_SPECIAL: Mapping[str, Callable[[str, Scope], Condition]] = {"_list": _list, "_filter": _filter, "_query": _query}
