"""openapi.json: the hub's addresses in the words of OpenAPI 3.1, made from the same table as everything else.

What a resource looks like is not repeated here: FHIR's own definitions say it, and the document points to them.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from careloom import __version__
from careloom.rest.admission import READ_ONLY
from careloom.rest.hub import Hub
from careloom.rest.interaction import BodyKind, Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import FHIR_JSON, FHIR_XML, FORM, JSON_PATCH
from careloom.rest.operation import Parameter
from careloom.rest.threads import in_thread

_SPECIFICATION: Final = "https://hl7.org/fhir/R4/"
_ID: Final = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_TEXT: Final = {"type": "string"}
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SCHEMAS: Final[Mapping[str, Any]] = {"boolean": {"type": "boolean"}, "integer": {"type": "integer"}}
_JSON: Final = "application/json"
_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("openapi", "smart-configuration", "jwks", "token"), (_JSON,)),
    "$job-status": (FHIR_JSON, FHIR_XML, _JSON),
    "$stream": ("text/event-stream",),
    "$job-file": ("application/fhir+ndjson", FHIR_JSON),
}
"""What is answered otherwise than with a resource, by code, and in which media types."""

_PLACEHOLDERS: Final = ("type", "id", "version_id", "compartment", "owner", "file")


async def openapi(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET openapi.json``, answered to anybody."""
    return FhirResponse(200, json=await in_thread(openapi_document, hub))


@lru_cache(maxsize=4)
def openapi_document(hub: Hub) -> dict[str, Any]:
    """The document: every address of the table, with what it takes and how it answers."""
    paths: dict[str, dict[str, Any]] = {}
    for row in hub.routes.interactions:
        for path in _paths(row):
            paths.setdefault(path, {})[row.method.lower()] = _operation(row, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": hub.site or "Careloom hub",
            "version": __version__,
            "summary": "FHIR R4 over HTTP",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "externalDocs": {"url": f"{_SPECIFICATION}http.html", "description": "The FHIR specification"},
        "servers": [{"url": hub.base_url}],
        "paths": paths,
        "components": _components(hub),
        "security": [{"token": []}],
    }


def _paths(row: Interaction) -> Iterator[str]:
    """The addresses of a row: with the names of types in place where it is offered on some alone."""
    place = "{compartment}" if "{compartment}" in row.path else "{type}"
    if not row.types or place not in row.path:
        yield f"/{row.path}"
        return
    for type in sorted(row.types):
        yield f"/{row.path}".replace(place, type)


def _operation(row: Interaction, path: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{row.method.lower()} {path}",
        "summary": row.about or row.code,
        "tags": [row.code],
        "parameters": [*_of_address(path), *_of_query(row), *_of_headers(row)],
        "responses": _responses(row),
    }
    if body := _body(row.body):
        told["requestBody"] = body
    if row.is_open:
        told["security"] = []
    return told


def _responses(row: Interaction) -> dict[str, Any]:
    others: dict[str, Any] = {media: {} for media in _OTHERS.get(row.code, ())}
    refusal = {"$ref": "#/components/responses/refusal"}
    oauth = {"description": "Refused, and why", "content": {**_told_as("OperationOutcome"), _JSON: {}}}
    return {
        "2XX": {"description": "Done", "content": others} if others else {"$ref": "#/components/responses/answer"},
        "204": {"$ref": "#/components/responses/silence"},
        "304": {"$ref": "#/components/responses/unmodified"},
        "4XX": oauth if row.code == "token" else refusal,
        "5XX": refusal,
    }


def _of_address(path: str) -> Iterator[dict[str, str]]:
    return ({"$ref": f"#/components/parameters/{each}"} for each in _PLACEHOLDERS if f"{{{each}}}" in path)


def _of_query(row: Interaction) -> Iterator[dict[str, Any]]:
    yield {"$ref": "#/components/parameters/format"}
    yield {"$ref": "#/components/parameters/pretty"}
    if row.code in ("read", "vread") or row.code.startswith("history"):
        yield {"$ref": "#/components/parameters/summary"}
        yield {"$ref": "#/components/parameters/elements"}
    is_conditional = row.method in ("PUT", "PATCH", "DELETE") and row.path == "{type}"
    if (row.code.startswith("search") and row.method == "GET") or is_conditional:
        yield {"$ref": "#/components/parameters/criteria"}
    if row.code.startswith("history"):
        yield from ({"$ref": f"#/components/parameters/{each}"} for each in ("count", "since", "at"))
    if row.operation and row.method == "GET":
        yield from (_of_operation(each) for each in row.operation.takes if each.is_simple)


def _of_operation(parameter: Parameter) -> dict[str, Any]:
    schema = _SCHEMAS.get(parameter.type, _TEXT)
    repeats = parameter.most != "1"
    told = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.least > 0,
        "schema": {"type": "array", "items": schema} if repeats else schema,
    }
    return told | ({"description": parameter.about} if parameter.about else {})


def _of_headers(row: Interaction) -> Iterator[dict[str, str]]:
    names = []
    if row.method in _WRITES and row.code in ("update", "patch", "delete"):
        names.append("If-Match")
    if row.code == "create":
        names.append("If-None-Exist")
    if row.code == "read":
        names += ["If-None-Match", "If-Modified-Since"]
    if not row.is_open:
        names.append("Prefer")
    return ({"$ref": f"#/components/parameters/{name}"} for name in names)


def _body(kind: BodyKind) -> dict[str, Any]:
    resource = {"schema": {"$ref": "#/components/schemas/Resource"}}
    as_resource = {FHIR_JSON: resource, FHIR_XML: {"schema": _TEXT}}
    match kind:
        case "resource":
            return {"required": True, "content": as_resource}
        case "optional":
            return {"content": as_resource}
        case "patch":
            patch = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/PatchOperation"}}}
            return {"required": True, "content": {JSON_PATCH: patch, **as_resource}}
        case "form":
            fields = {"schema": {"type": "object", "additionalProperties": _TEXT}}
            return {"required": True, "content": {FORM: fields}}
        case "raw":
            return {"content": {"*/*": {}}}
        case _:
            return {}


def _components(hub: Hub) -> dict[str, Any]:
    return {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "As .well-known/smart-configuration says"}
        },
        "parameters": _parameters(hub),
        "responses": {
            "answer": {"description": "Done", "content": _told_as("Resource")},
            "silence": {"description": "Done, and there is nothing to tell"},
            "unmodified": {"description": "The client has this version already"},
            "refusal": {"description": "Refused, and why", "content": _told_as("OperationOutcome")},
        },
        "schemas": _schemas(),
    }


def _told_as(schema: str) -> dict[str, Any]:
    return {FHIR_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}, FHIR_XML: {"schema": _TEXT}}


def _parameters(hub: Hub) -> dict[str, Any]:
    types = sorted(hub.routes.types - READ_ONLY) + sorted(READ_ONLY & hub.routes.types)
    addressed = {
        "type": _in_path("type", {"type": "string", "enum": types}),
        **{name: _in_path(name, _ID) for name in ("id", "version_id", "owner")},
        "file": _in_path("file", _TEXT),
    }
    asked = {
        "format": _in_query("_format", {"enum": ["json", "xml", FHIR_JSON, FHIR_XML]}),
        "pretty": _in_query("_pretty", {"type": "boolean"}),
        "summary": _in_query("_summary", {"enum": ["true", "text", "data", "count", "false"]}),
        "elements": _in_query("_elements", _TEXT),
        "count": _in_query("_count", {"type": "integer", "minimum": 1}),
        "since": _in_query("_since", _TEXT),
        "at": _in_query("_at", _TEXT),
        "criteria": {
            **_in_query("criteria", {"type": "object", "additionalProperties": _TEXT}),
            "description": "Search parameters, as the CapabilityStatement names them",
            "style": "form",
            "explode": True,
        },
    }
    names = ("If-Match", "If-None-Match", "If-None-Exist", "If-Modified-Since", "Prefer")
    return {**addressed, **asked, **{name: {"name": name, "in": "header", "schema": _TEXT} for name in names}}


def _in_path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _schemas() -> dict[str, Any]:
    resource = {"type": "object", "required": ["resourceType"], "properties": {"resourceType": _TEXT}}
    issue = {
        "type": "object",
        "required": ["severity", "code"],
        "properties": {"severity": _TEXT, "code": _TEXT, "diagnostics": _TEXT},
    }
    return {
        "Resource": {**resource, "externalDocs": {"url": f"{_SPECIFICATION}resourcelist.html"}},
        "OperationOutcome": {
            "type": "object",
            "required": ["resourceType", "issue"],
            "properties": {"resourceType": {"const": "OperationOutcome"}, "issue": {"type": "array", "items": issue}},
        },
        "PatchOperation": {
            "type": "object",
            "required": ["op", "path"],
            "properties": {
                "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
                "path": _TEXT,
                "from": _TEXT,
                "value": True,
            },
        },
    }
