"""Every store there is, opened in the same way, and small resources to put into it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE
from tests.postgres import running_server

from careloom.model.instants import Clock, utc_now
from careloom.search import Query, SearchParameters, parse_query
from careloom.store import AuditForm, MemoryRepository, Prepared, Repository, Turn, Version, open_sqlite
from careloom.store.postgres import open_postgres, server_of
from careloom.store.postgres import writer as postgres_writer
from careloom.store.sqlite import writer as sqlite_writer

STORES = ("memory", "sqlite", "postgres")
BASE_URL = "https://hub.example/fhir/"
FORM_RECORDED = "2026-11-22T12:00:00.000000Z"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"

Work = Callable[[Turn], Any]


@asynccontextmanager
async def opened(
    store: str, folder: Path, registry: SearchParameters, clock: Clock = utc_now, **more: Any
) -> AsyncIterator[Repository]:
    """A store by its name, closed at the end; opened again with the same folder, it holds what it held.

    PostgreSQL needs the fixture ``postgres``; there a folder is a tenant, since making a database takes long.
    """
    arguments: dict[str, Any] = {"tenant": "north", "parameters": registry, "clock": clock, **more}
    repository: Repository
    if store == "memory":
        repository = MemoryRepository(**arguments)
    elif store == "postgres":
        server = server_of(running_server().database_of_worker())
        arguments["tenant"] = f"{folder}/{arguments['tenant']}"
        repository = await open_postgres(server, **arguments)
    else:
        repository = await open_sqlite(folder / "hub.db", **arguments)
    try:
        yield repository
    finally:
        await repository.close()


@asynccontextmanager
async def one_group(repository: Repository) -> AsyncIterator[Callable[[Work], asyncio.Task[Any]]]:
    """What is committed here waits behind a unit that is held up, and so becomes one group."""
    gate = threading.Event()
    tasks = [asyncio.create_task(repository.commit(lambda turn: gate.wait(timeout=PATIENCE)))]

    def add(work: Work) -> asyncio.Task[Any]:
        tasks.append(asyncio.create_task(repository.commit(work)))
        return tasks[-1]

    await asyncio.sleep(0.05)
    yield add
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)


def let_groups_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever waits is in one group, however slow this machine is."""
    for writing in (sqlite_writer, postgres_writer):
        monkeypatch.setattr(writing, "GROUP_SECONDS", 10.0)
    monkeypatch.setattr(sqlite_writer, "LIGHT_SECONDS", 10.0)


class SteppingClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def step(self, **by: float) -> None:
        self.now += timedelta(**by)


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def identified(number: str, **elements: Any) -> dict[str, Any]:
    return patient(identifier=[{"system": NHS_NUMBER, "value": number}], **elements)


def observation(**elements: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    return {"resourceType": "Observation", "status": "final", "code": code, **elements}


def audited(id: str, *, client: str = "gp-app", patient: str = "p1", **elements: Any) -> dict[str, Any]:
    """An AuditEvent such as the hub writes: a client has read something of a patient."""
    return {
        "resourceType": "AuditEvent",
        "id": id,
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": "read", "display": "Read it"}],
        "action": "R",
        "recorded": "2026-11-22T12:00:00Z",
        "outcome": "0",
        "agent": [
            {
                "type": {"coding": [{"system": "urn:roles", "code": "110152"}]},
                "who": {"identifier": {"system": "urn:clients", "value": client}, "display": f"System {client}"},
                "name": f"Name of {client}",
                "requestor": True,
                "policy": ["urn:agreement:letters"],
                "network": {"address": "192.0.2.7", "type": "2"},
            }
        ],
        "source": {"site": "north", "observer": {"identifier": {"system": "urn:hubs", "value": "hub"}}},
        "entity": [
            {"what": {"reference": f"Patient/{patient}"}, "role": {"system": "urn:entity-roles", "code": "1"}},
            {"what": {"identifier": {"value": f"request-{id}"}}},
        ],
        **elements,
    }


def form(id: str, *, patient: str = "p1") -> AuditForm:
    """The same as a form."""
    moment = datetime.fromisoformat(FORM_RECORDED)
    written = partial(audited, id, patient=patient, recorded=FORM_RECORDED)
    return AuditForm(id, "read by gp-app", moment, (f"Patient/{patient}",), "", f"request-{id}", written)


async def audit(repository: Repository, *events: dict[str, Any]) -> None:
    """Record audit events, each in a turn of its own, prepared as requests prepare them."""
    for event in events:
        await repository.commit(_auditing(repository.prepare(event, id=event["id"])))


def searching(registry: SearchParameters) -> Callable[..., Query]:
    """Makes queries: ``query("Patient", ("family", "Smith"), ("_count", "5"))``."""

    def query(type: str, *parameters: tuple[str, str]) -> Query:
        return parse_query(type, parameters, registry, strict=True)

    return query


async def create(repository: Repository, *resources: dict[str, Any]) -> list[Version]:
    """Create resources one turn after the other, every second as light work; one that has an id keeps it."""
    made: list[Version] = []
    for resource in resources:
        made.append(await repository.commit(_creating(resource), is_light=len(made) % 2 == 0))
    return made


def _auditing(event: Prepared) -> Callable[[Turn], str]:
    return lambda turn: turn.audit(event)


def _creating(resource: dict[str, Any]) -> Callable[[Turn], Version]:
    return lambda turn: turn.create(resource, id=resource.get("id"))
