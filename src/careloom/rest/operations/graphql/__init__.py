"""$graphql: a query that says which elements of which resources are wanted, and what they refer to.

Source: FHIR R4, 3.3 using GraphQL.
"""

from collections.abc import Mapping
from typing import Any, Final

from careloom.model.errors import MalformedError
from careloom.model.json import parse_json, serialize_json
from careloom.model.parameters import Inputs
from careloom.model.records import replace
from careloom.rest.body import read_json
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import require_media
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version, resource_of
from careloom.rest.operations.graphql.document import read_document
from careloom.rest.operations.graphql.execution import Execution
from careloom.rest.parameters import inputs

_GRAPHQL: Final = "application/graphql"
_JSON: Final = "application/json"
_TAKES: Final = (
    Parameter("query", "string", least=1, about="a GraphQL document"),
    Parameter("operationName", "string", about="which of its queries is meant, where there are several"),
    Parameter("variables", "string", about="what its variables stand for, as JSON"),
)


async def graphql(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET $graphql?query=…``, ``GET Type/id/$graphql?query=…``, and the same by POST.

    Raises:
        MalformedError: It is no GraphQL, or asks for what there is not.
        NotFoundError: What it reads, or what a reference leads to, is not there.
        ForbiddenError: The client may not read or search what it asks for.
        TooCostlyError: It is over a ceiling.
    """
    given = inputs(request, _TAKES)
    document = read_document(given.text("query"))
    selections, defaults = document.query(given.text("operationName"))
    execution = Execution(document, {**defaults, **_variables(given, defaults)}, request, hub)
    if request.id:
        version = await addressed_version(request, hub)
        execution.versions[version.reference] = version
        data = await execution.of_resource(selections, resource_of(version))
    else:
        data = await execution.of_system(selections)
    return FhirResponse(200, json={"data": data}, versions=tuple(execution.versions.values()))


def read_body(request: FhirRequest, data: bytes, hub: Hub) -> FhirRequest:
    """The request with a body that is a document, or JSON with ``query``, ``operationName`` and ``variables``.

    Raises:
        UnsupportedMediaError: It is neither.
        MalformedError: It cannot be read.
    """
    media = require_media(request, frozenset({_GRAPHQL, _JSON}), f"{_GRAPHQL} or {_JSON}")
    if media == _GRAPHQL:
        try:
            return replace(request, parameters=(*request.parameters, ("query", data.decode("utf-8"))))
        except UnicodeDecodeError as error:
            raise MalformedError("the body is not UTF-8") from error
    told = read_json(data, hub.limits)
    if not isinstance(told, dict) or not all(
        isinstance(told.get(name) or "", str) for name in ("query", "operationName")
    ):
        raise MalformedError("the body: an object with query, and perhaps operationName and variables, expected")
    given = [(name, told[name]) for name in ("query", "operationName") if told.get(name)]
    if told.get("variables") is not None:
        given.append(("variables", serialize_json(told["variables"]).decode()))
    return replace(request, parameters=(*request.parameters, *given))


def _variables(given: Inputs, declared: Mapping[str, Any]) -> Mapping[str, Any]:
    text = given.text("variables")
    told = parse_json(text) if text else {}
    if not isinstance(told, dict):
        raise MalformedError("variables: a JSON object expected", expression="variables")
    for name in told:
        if name not in declared:
            raise MalformedError(f"variables: the query declares no {name!r}", expression="variables")
    return told


GRAPHQL = (
    Operation(
        "graphql",
        graphql,
        title="The elements of resources that a GraphQL query asks for",
        definition="http://hl7.org/fhir/OperationDefinition/Resource-graphql",
        levels={"system": "", "instance": "r"},
        takes=_TAKES,
        gives=(Parameter("result", "string", least=1, about="JSON with data; not a resource"),),
        reads=read_body,
    ),
)
"""$graphql."""
