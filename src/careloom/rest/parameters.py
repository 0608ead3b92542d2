"""What a request gives an operation, whichever way it was sent: one Parameters resource, held to the declaration.

FHIR has three ways: Parameters in the body; the one parameter that is a resource as the body itself; and simple ones
in the query, beside either. A name that the operation does not declare is refused, since a client that misspelt it
would take the answer for one to its question.

Source: FHIR R4, 3.2.0.1 Executing an operation.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from careloom.model.errors import MalformedError
from careloom.model.parameters import Inputs, Part, parts_of
from careloom.model.resource import Resource, resource_type
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Parameter

_OF_EVERY_REQUEST = frozenset({"_format", "_pretty", "_summary", "_elements"})
"""Parameters of a query that are not the operation's."""

_WHOLE = frozenset({"integer", "positiveInt", "unsignedInt"})


def inputs(request: FhirRequest, takes: Sequence[Parameter]) -> Inputs:
    """The parameters of an operation.

    Args:
        request: With what was sent in query and body.
        takes: What the operation declares.

    Raises:
        MalformedError: A parameter that is not declared, is given too often, is missing, or cannot be read; a body
            that is neither Parameters nor the resource that the operation takes.
    """
    declared = {each.name: each for each in takes}
    given = [*_of_body(request.body, takes), *_of_query(request, declared)]
    names = [part.get("name") for part in given]
    for name in names:
        if name not in declared:
            raise MalformedError(f"{request.code}: {_unknown(str(name), declared)}", expression=str(name))
    for each in takes:
        _check_count(each, names.count(each.name))
    return Inputs({"resourceType": "Parameters", "parameter": given})


def answer(resource: Resource) -> FhirResponse:
    """What an operation gives, as a response."""
    return FhirResponse(200, resource)


def _of_body(body: Resource | None, takes: Sequence[Parameter]) -> Iterator[Part]:
    if body is None:
        return
    type = resource_type(body)
    if type == "Parameters":
        yield from parts_of(body.get("parameter"))
        return
    fitting = [each.name for each in takes if each.type in (type, "Resource")]
    if len(fitting) != 1:
        raise MalformedError(f"resourceType: Parameters expected in the body, found {type!r}")
    yield {"name": fitting[0], "resource": body}


def _of_query(request: FhirRequest, declared: dict[str, Parameter]) -> Iterator[Part]:
    for name, text in request.parameters:
        if name not in _OF_EVERY_REQUEST:
            parameter = declared.get(name)
            yield _read(parameter, text) if parameter else {"name": name}


def _read(parameter: Parameter, text: str) -> Part:
    """A parameter of the query with the type it is declared with."""
    name, type = parameter.name, parameter.type
    if not parameter.is_simple:
        raise MalformedError(f"{name}: send it in Parameters by POST, it cannot stand in a query", expression=name)
    value: Any = text
    if type == "boolean":
        value = Inputs({"parameter": [{"name": name, "value": text}]}).flag(name)
    elif type in _WHOLE:
        value = Inputs({"parameter": [{"name": name, "value": text}]}).whole(name)
    return {"name": name, f"value{type[0].upper()}{type[1:]}": value}


def _check_count(parameter: Parameter, count: int) -> None:
    if count < parameter.least:
        raise MalformedError(f"{parameter.name}: expected, found none", expression=parameter.name)
    if parameter.most == "1" and count > 1:
        raise MalformedError(f"{parameter.name}: once expected, found {count} times", expression=parameter.name)


def _unknown(name: str, declared: dict[str, Parameter]) -> str:
    near = get_close_matches(name, declared, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(declared)}"
    return f"no parameter {name!r}; {hint}"
