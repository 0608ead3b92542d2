"""Names that lead to other resources: ``subject:Patient.name`` forwards, ``_has:Observation:patient:code`` backwards.

Source: FHIR R4 search, "Chained parameters" and "Reverse Chaining".
"""

from collections.abc import Callable

from careloom.model.errors import InvalidError, NotSupportedError
from careloom.search.conditions import Chain, Condition, Has, Target
from careloom.search.escaping import shown
from careloom.search.parameters import SearchParameter
from careloom.search.scope import Scope

Read = Callable[[str, str, Scope], Condition]
"""Reads what is asked of the other resource: a name, a value, and the scope of that resource."""

_PIECES_OF_HAS = 4


def read_chain(name: str, value: str, scope: Scope, read: Read) -> Chain:
    """``parameter:Type.rest``; without a type all that the parameter may refer to and that know the rest.

    Raises:
        NotSupportedError: No reference parameter by that name, or the rest is known to none of the types.
        InvalidError: The parameter refers to no such type, or what follows is wrong.
        TooCostlyError: Over the limits.
    """
    head, _, rest = name.partition(".")
    code, _, type = head.partition(":")
    if not rest:
        raise InvalidError(f"a search parameter expected behind the dot of {shown(name)}")
    return joined(scope.parameter(code), type, scope, lambda behind: read(rest, value, behind))


def joined(parameter: SearchParameter, type: str, scope: Scope, ask: Callable[[Scope], Condition]) -> Chain:
    """A chain through a reference parameter.

    Args:
        parameter: The parameter.
        type: Type that it has to lead to; empty for any.
        scope: The scope it is in.
        ask: Gives what is asked in the scope of a type; raises NotSupportedError where the type knows nothing of it.

    Raises:
        NotSupportedError: None of the types knows what is asked.
        InvalidError: Not a reference parameter, or it refers to no such type.
        TooCostlyError: Over the limits.
    """
    if parameter.kind != "reference":
        raise InvalidError(f"a reference parameter expected before the dot, {parameter.code} is a {parameter.kind}")
    if type and type not in parameter.targets:
        raise InvalidError(f"{scope.name}: {parameter.code} refers to no {shown(type)}")
    _require_followed(parameter)
    targets: list[Target] = []
    unknown: NotSupportedError | None = None
    for target in (type,) if type else parameter.targets:
        try:
            targets.append(Target(target, ask(scope.behind(target))))
        except NotSupportedError as error:
            unknown = error
    if not targets:
        why = str(unknown) if unknown and (type or len(parameter.targets) == 1) else "no type it refers to knows that"
        raise NotSupportedError(f"chain through {parameter.code}: {why}")
    return Chain(parameter.code, tuple(targets), type)


def read_has(name: str, value: str, scope: Scope, read: Read) -> Has:
    """``_has:Type:parameter:rest``.

    Raises:
        NotSupportedError: No such parameter of the type, or the rest is not known.
        InvalidError: Not of this form, no such type, or the parameter does not refer to what is searched.
        TooCostlyError: Over the limits.
    """
    pieces = name.split(":", _PIECES_OF_HAS - 1)
    if len(pieces) != _PIECES_OF_HAS or not all(pieces):
        raise InvalidError(f"_has:Type:parameter:parameter expected, found {shown(name)}")
    _, type, code, rest = pieces
    return referring(type, code, scope, lambda behind: read(rest, value, behind))


def referring(type: str, code: str, scope: Scope, ask: Callable[[Scope], Condition]) -> Has:
    """What refers to the resource asked about and meets what is asked of it; arguments and errors as of `joined`.

    Inside a chain that names no type, a type that is not referred to is one that knows nothing of what is asked.
    """
    if not scope.registry.is_resource_type(type):
        raise InvalidError(f"a resource type expected, found {shown(type)} in _has")
    behind = scope.behind(type)
    parameter = behind.parameter(code)
    if parameter.kind != "reference" or not (not scope.types or set(parameter.targets) & set(scope.types)):
        message = f"a parameter of {type} that refers to {scope.name} expected, found {shown(code)} in _has"
        raise NotSupportedError(message) if scope.depth else InvalidError(message)
    _require_followed(parameter)
    return Has(type, code, ask(behind))


def _require_followed(parameter: SearchParameter) -> None:
    """Refuse to go along canonical URLs: what has the URL would be looked for by its text, not by its address."""
    if parameter.is_canonical:
        raise NotSupportedError(f"{parameter.code} leads by canonical URLs, which neither chains nor _has follow")
