"""Sets of codes asked of the terminology: ``:in``, ``:above`` and ``:below``, spread out into plain codes.

The tree so has nothing but codes, and whoever runs it needs no terminology.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from careloom.model.errors import InvalidError, NotSupportedError
from careloom.search.escaping import shown, split, unescape
from careloom.search.operands import TokenOperand
from careloom.search.parameters import SearchParameter
from careloom.search.refusals import not_supported
from careloom.search.scope import Scope
from careloom.terminology.for_search import CodesForSearch


def codes_of(modifier: str, text: str, parameter: SearchParameter, scope: Scope) -> Iterable[TokenOperand]:
    """The codes that one alternative stands for, in a fixed order.

    Args:
        modifier: ``in``, ``above`` or ``below``.
        text: One alternative, its escapes in place.
        parameter: The parameter it is asked of.
        scope: Where that parameter is.

    Raises:
        InvalidError: There is no such value set, no system, or no terminology that knows.
        TooCostlyError: Too many codes.
    """
    codes = scope.registry.codes
    if codes is None:
        raise not_supported(f":{modifier} is not supported, this server has no terminology")
    try:
        found = list(_in(text, codes) if modifier == "in" else _along(modifier, text, parameter, scope, codes))
    except NotSupportedError as error:
        raise not_supported(str(error)) from error
    return sorted(found, key=lambda operand: (operand.system or "", operand.code or ""))


def _in(text: str, codes: CodesForSearch) -> Iterator[TokenOperand]:
    url = unescape(text)
    members = codes.value_set_codes(url)
    if members is None:
        raise InvalidError(f"the URL of a value set that is known here expected, found {shown(url)}")
    return (TokenOperand(system, code) for system, code in members)


def _along(
    modifier: str, text: str, parameter: SearchParameter, scope: Scope, codes: CodesForSearch
) -> Iterator[TokenOperand]:
    pieces = [unescape(piece) for piece in split(text, "|")]
    if len(pieces) > 2 or not pieces[-1]:
        raise InvalidError(f"system|code expected, found {shown(text)}")
    system = pieces[0] if len(pieces) == 2 else _implied(parameter, scope)
    if not system:
        raise InvalidError(f"system|code expected, since {parameter.code} may be of any system, found {shown(text)}")
    walk = _WALKS[modifier](codes)
    return (TokenOperand(system, code) for code in walk(system, pieces[-1]))


_WALKS: Mapping[str, Callable[[CodesForSearch], Callable[[str, str], frozenset[str]]]] = {
    "below": lambda codes: codes.subsumed,
    "above": lambda codes: codes.subsuming,
}


def _implied(parameter: SearchParameter, scope: Scope) -> str | None:
    """The one system that the bindings of the parameter's elements imply."""
    types = scope.types or tuple(scope.registry.resource_types())
    systems = {path.system for type in types for path in scope.registry.paths(type).get(parameter.code, ())}
    return systems.pop() if len(systems) == 1 else None
