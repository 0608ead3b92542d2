"""Lines of an import, from text to versions: read, decided, judged and made ready outside the turn; recorded in it."""

from collections.abc import Sequence

from careloom.governance import Decision
from careloom.model.errors import CareloomError, MalformedError
from careloom.model.issues import Issue
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.access import judge_right, permitted
from careloom.rest.audit import record
from careloom.rest.body import read_resource
from careloom.rest.create import create_in_turn, prepare_create
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operations.importing.inputs import Source
from careloom.rest.update import prepare_update, update_in_turn
from careloom.store import Turn, Version

Line = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Ready:
    """A line that may be recorded: the same request a client could have sent, with the decision that permits it."""

    number: int
    request: FhirRequest
    decision: Decision


@dataclass(frozen=True, slots=True)
class Failed:
    """A line that was refused, and why."""

    number: int
    issues: tuple[Issue, ...]


def read_lines(source: Source, lines: Sequence[Line], request: FhirRequest, hub: Hub) -> list[Ready | Failed]:
    """Read lines and hold each to everything that a write is held to."""
    return [_read(source, line, request, hub) for line in lines]


def record_lines(
    turn: Turn, lines: Sequence[Ready], request: FhirRequest, hub: Hub
) -> tuple[list[Version], list[Failed]]:
    """Record what is ready, each line for itself, with the audit record of all.

    Returns:
        What is there now for each line that was recorded or said what was there already, and the lines refused.
    """
    versions: list[Version] = []
    failed: list[Failed] = []
    for line in lines:
        write = update_in_turn if line.request.method == "PUT" else create_in_turn
        try:
            versions += write(turn, line.request, hub).versions
        except CareloomError as error:
            failed.append(Failed(line.number, error.issues))
    if versions:
        record(turn, request, FhirResponse(200, versions=tuple(versions)), hub, lines[0].decision)
    return versions, failed


def _read(source: Source, line: Line, request: FhirRequest, hub: Hub) -> Ready | Failed:
    number, text = line
    try:
        if len(text) > hub.limits.body:
            raise MalformedError(f"at most {hub.limits.body} bytes are read of a line, found more")
        resource = read_resource(text, hub.limits)
        return _ready(number, resource, source, request, hub)
    except CareloomError as error:
        return Failed(number, tuple(issue for issue in error.issues if issue.is_error))


def _ready(number: int, resource: Resource, source: Source, request: FhirRequest, hub: Hub) -> Ready:
    type, id = resource_type(resource), resource.get("id", "")
    if source.type and type != source.type:
        raise MalformedError(f"resourceType: {source.type!r} expected by input.type, found {type!r}")
    if type not in hub.routes.types:
        raise MalformedError(f"resourceType: a resource type that the hub holds expected, found {type!r}")
    if not isinstance(id, str):
        raise MalformedError(f"{type}.id: a text expected, found {id!r}")
    code, method = ("update", "PUT") if id else ("create", "POST")
    decision = permitted(judge_right(code, type, request, hub))
    asked = replace(
        request, code=code, method=method, url=f"{type}/{id}".rstrip("/"), type=type, id=id, body=resource, headers={}
    )
    prepared = prepare_update(asked, hub) if id else prepare_create(replace(asked, parameters=()), hub)
    return Ready(number, prepared, decision)
