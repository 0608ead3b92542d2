"""$export: everything, what is about patients, or what is about those of a group, as files of NDJSON.

The client asks with ``Prefer: respond-async``, is given 202 with ``Content-Location``, asks there how far it is, and in
the end finds a manifest that lists the files. They are fetched with a token of the same client, are kept for a day, and
go with ``DELETE`` of the job. The work is that of one process and ends with it: it is then told as cut off
(`careloom.rest.jobs`).

``transactionTime`` is taken before the first search, so whatever was recorded by then is in the files; what is recorded
while they are written may be there too, and is again in the next export since that time.

Source: Bulk Data Access 2.0.0, http://hl7.org/fhir/uv/bulkdata.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from careloom.model.instants import instant
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.interaction import Level
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version
from careloom.rest.operations.bulk import NdjsonFiles, require_later, task_of
from careloom.rest.operations.export.deletions import deletions
from careloom.rest.operations.export.order import OF_PATIENTS, OF_SYSTEM, Order, Scope, read_order
from careloom.rest.operations.export.population import Population, following
from careloom.rest.operations.references import local_reference, local_references
from careloom.rest.threads import in_thread
from careloom.search import Query
from careloom.store import Version

_IDS_AT_ONCE: Final = 200


async def export(request: FhirRequest, hub: Hub, scope: Scope) -> FhirResponse:
    """The work of an export: its files, and the manifest that lists them."""
    task = task_of(request, hub)
    order, group = await _order(request, hub, scope)
    begun = hub.clock()
    files = NdjsonFiles(task)
    population = Population(order, request, hub)
    referred: set[str] = set()
    for query in population.queries():
        async for versions in _pages(query, hub):
            held = await in_thread(population.held, versions)
            referred |= _referred(held, order, hub)
            await in_thread(_write, files, held, order, hub)
            task.tell(f"{files.total} resources written")
    await _write_beside(referred, files, population)
    gone = NdjsonFiles(task)
    async for bundle in deletions(population):
        await in_thread(gone.add, "deleted", [bundle])
    manifest = _manifest(begun, task.job.url, files, gone)
    return FhirResponse(200, json=manifest, versions=(group,) if group else ())


async def check(request: FhirRequest, hub: Hub, scope: Scope) -> None:
    """Refuse at once what the work would refuse.

    Raises:
        MalformedError: A parameter that is not known or cannot be read.
        ForbiddenError: A type is named that the client may not search, or it may search none.
        NotFoundError: The group is not known.
    """
    require_later(request, hub)
    await _order(request, hub, scope)


async def _order(request: FhirRequest, hub: Hub, scope: Scope) -> tuple[Order, Version | None]:
    """What is asked for, and the group that it is asked of."""
    order = read_order(request, scope, hub)
    if scope != "group":
        return order, None
    group = await addressed_version(request, hub)
    members = tuple(dict.fromkeys(_members(group.resource or {}, hub)))
    wanted = members if order.patients is None else tuple(each for each in members if each in order.patients)
    return replace(order, patients=wanted), group


def _members(group: Resource, hub: Hub) -> Iterable[str]:
    """``Patient/id`` of the members who are still in a group."""
    for member in group.get("member", ()):
        reference = local_reference(member.get("entity", {}).get("reference"), hub.base_url)
        if reference and reference.type == "Patient" and not member.get("inactive"):
            yield reference.local


async def _pages(query: Query, hub: Hub) -> AsyncIterator[tuple[Version, ...]]:
    """The matches of a search, page by page."""
    while True:
        page = await hub.repository.search(query)
        yield page.matches
        if page.next is None:
            return
        query = following(query, page.next)


def _referred(versions: Iterable[Version], order: Order, hub: Hub) -> set[str]:
    """``Type/id`` of what some resources refer to, of the types that are wanted beside them."""
    if not order.beside:
        return set()
    found = (each for version in versions for each in local_references(version.resource, hub.base_url))
    return {each.local for each in found if each.type in order.beside}


async def _write_beside(referred: set[str], files: NdjsonFiles, population: Population) -> None:
    """Write what was referred to, of the types that were asked for beside those that are about patients."""
    for type in sorted(population.order.beside):
        ids = sorted(each.partition("/")[2] for each in referred if each.startswith(f"{type}/"))
        for first in range(0, len(ids), _IDS_AT_ONCE):
            query = population.of_ids(type, ids[first : first + _IDS_AT_ONCE])
            async for versions in _pages(query, population.hub):
                await in_thread(_write, files, versions, population.order, population.hub)


def _write(files: NdjsonFiles, versions: Iterable[Version], order: Order, hub: Hub) -> None:
    by_type: dict[str, list[Resource]] = {}
    for version in versions:
        if version.resource is not None:
            by_type.setdefault(version.type, []).append(order.subset.of(version.resource, hub.types))
    for type, resources in by_type.items():
        files.add(type, resources)


def _manifest(begun: datetime, url: str, files: NdjsonFiles, gone: NdjsonFiles) -> dict[str, Any]:
    return {
        "transactionTime": instant(begun.astimezone(UTC)),
        "request": url,
        "requiresAccessToken": True,
        "output": files.told(),
        "deleted": [{**each, "type": "Bundle"} for each in gone.told()],
        "error": [],
    }


def _operation(scope: Scope, level: Level, right: str, types: tuple[str, ...], title: str) -> Operation:
    name = {"system": "export", "patients": "patient-export", "group": "group-export"}[scope]
    takes = OF_SYSTEM if scope == "system" else OF_PATIENTS
    return Operation(
        "export",
        partial(export, scope=scope),
        title=title,
        definition=f"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/{name}",
        levels={level: right},
        types=types,
        takes=takes,
        gives=(Parameter("manifest", "string", least=1, about="JSON that lists the files; not a resource"),),
        is_bulk=True,
        check=partial(check, scope=scope),
    )


EXPORT = (
    _operation("system", "system", "", (), "Everything the client may see, as files of NDJSON"),
    _operation("patients", "type", "", ("Patient",), "What is about patients, as files of NDJSON"),
    _operation("group", "instance", "r", ("Group",), "What is about the patients of a group, as files of NDJSON"),
)
"""$export at its three levels."""
