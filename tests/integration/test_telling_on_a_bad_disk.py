"""A record that cannot be written while events are told: what goes out is bounded, and nothing is lost.

Nothing is to be sent that cannot be recorded, but for what was on its way when the trouble began: a hub that sends the
same again and again, because it cannot note that it was accepted, floods those whom it tells.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from tests.contract.stores import BASE_URL, SteppingClock
from tests.contract.telling import Gate, channel, telling
from tests.patience import becomes
from tests.postgres import Server
from tests.unit.notify.test_notifier import Rules, discharge, numbers, subscribe

from careloom.definitions import Definitions
from careloom.model.errors import UnavailableError
from careloom.notify import STANDARD_TOPICS, TopicRegistry, lanes
from careloom.search import SearchParameters
from careloom.store import Repository
from careloom.store.source import StoreSource

EVENTS: Final = 60
"""More than fit into what is left of a page of the file, and no more than go out in a row."""


@pytest.fixture(scope="module")
def topics(definitions: Definitions) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, SearchParameters(definitions, base_url=BASE_URL))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "RESTART_PAUSE", 0.02)
    monkeypatch.setattr(lanes, "LONGEST_PAUSE", 0.1)


class Sqlite:
    """A record in a file, whose disk has troubles."""

    def __init__(self, repository: Any) -> None:
        self._repository = repository

    async def full(self) -> None:
        """Have the file grow no more, and use up what is free in it."""
        (used,) = self._connection.execute("PRAGMA page_count").fetchone()
        self._connection.execute(f"PRAGMA max_page_count = {used}")
        with suppress(UnavailableError):
            for _ in range(100):
                await self._repository.commit(lambda turn: turn.create({"resourceType": "Basic", "text": RANDOM}))

    async def read_only(self) -> None:
        self._connection.execute("PRAGMA query_only = ON")

    async def well(self) -> None:
        while True:
            with suppress(sqlite3.Error):  # somebody's write fails just now
                self._connection.execute("PRAGMA query_only = OFF")
                self._connection.execute(f"PRAGMA max_page_count = {2**31 - 2}")
                return
            await asyncio.sleep(0.01)

    @property
    def _connection(self) -> Any:
        return self._repository._writer._transactions._connection


RANDOM: Final = {"div": os.urandom(500).hex()}
TABLES: Final = ("attempt", "cursor", "subscription_event")


class Postgres:
    """A record on a server, whose disk has troubles: writing what is told fails as it then does."""

    def __init__(self, server: Server, url: str) -> None:
        self._server, self._database = server, url.rsplit("/", 1)[1]

    async def full(self) -> None:
        await self._fail("53100", "could not extend file: No space left on device")

    async def read_only(self) -> None:
        await self._fail("25006", "cannot execute INSERT in a read-only transaction")

    async def well(self) -> None:
        await self._execute("DROP FUNCTION IF EXISTS trouble CASCADE")

    async def _fail(self, code: str, text: str) -> None:
        await self._execute(
            "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN RAISE EXCEPTION '{text}' USING ERRCODE = '{code}'; END$$"
        )
        for table in TABLES:
            await self._execute(f"CREATE TRIGGER trouble BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION trouble()")

    async def _execute(self, sql: str) -> None:
        await asyncio.to_thread(self._server.execute, sql, self._database)


@asynccontextmanager
async def troubled(
    store: str, request: pytest.FixtureRequest, folder: Path, topics: TopicRegistry, clock: SteppingClock
) -> AsyncIterator[tuple[Repository, Sqlite | Postgres]]:
    """A record, and its disk."""
    url = f"sqlite:///{folder}/hub.db" if store == "sqlite" else request.getfixturevalue("postgres_url")
    repository = await StoreSource(url, lock_timeout=3).open(tenant="north", parameters=topics.parameters, clock=clock)
    disk = Sqlite(repository) if store == "sqlite" else Postgres(request.getfixturevalue("postgres"), url)
    try:
        yield repository, disk
    finally:
        await repository.close()


async def restarted(gate: Gate) -> None:
    """Open a receiver, and see the lane of it fail several times."""
    with structlog.testing.capture_logs() as logs:
        gate.is_open = True
        await becomes(lambda: sum(each.get("task", "").startswith("lane") for each in logs) > 5)


@pytest.mark.parametrize("trouble", ["full", "read_only"])
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_while_nothing_can_be_recorded_nothing_is_told_again_and_then_all_of_it(
    store: str, trouble: str, request: pytest.FixtureRequest, tmp_path: Path, topics: TopicRegistry
) -> None:
    clock, gate, rules = SteppingClock(), Gate(), Rules()
    async with (
        troubled(store, request, tmp_path, topics, clock) as (repository, disk),
        telling(repository, topics, gate, rules, clock) as notifier,
    ):
        id = await subscribe(repository, notifier, channel=channel())
        for number in range(1, EVENTS + 1):
            await discharge(repository, f"e{number}")
        await becomes(lambda: bool(gate.refused))
        await getattr(disk, trouble)()
        await restarted(gate)
        assert len(gate.sent) <= 1 + 2 * EVENTS, "the handshake, and what was on its way, which may come twice"
        assert 0 == (await repository.events.cursor(id)).delivered_to
        await disk.well()
        await discharge(repository, "last")
        await becomes(lambda: "Encounter/last" in rules.told)
        await asyncio.sleep(0.1)
        assert EVENTS + 1 == (await repository.events.cursor(id)).delivered_to
    firsts = list(dict.fromkeys(each for _, bundle in gate.sent for each in numbers(bundle)))
    assert [str(number) for number in range(1, EVENTS + 2)] == firsts
    assert len(set(gate.accepted)) == len({id for id, _ in gate.accepted}), "the same id has the same bytes"


async def test_after_a_failed_synchronisation_nothing_is_told_before_the_next_start(
    request: pytest.FixtureRequest, tmp_path: Path, topics: TopicRegistry
) -> None:
    clock, gate, rules = SteppingClock(), Gate(), Rules()

    def failing(turn: Any) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        turn._connection.failure = error
        turn.create({"resourceType": "Patient"})

    async with troubled("sqlite", request, tmp_path, topics, clock) as (repository, _):
        async with telling(repository, topics, gate, rules, clock) as notifier:
            await subscribe(repository, notifier, channel=channel())
            await discharge(repository, "e1")
            await becomes(lambda: bool(gate.refused))
            with pytest.raises(UnavailableError):
                await repository.commit(failing)
            await restarted(gate)
        assert len(gate.sent) <= 1 + 2, "the handshake, and what was on its way"
    async with (
        troubled("sqlite", request, tmp_path, topics, clock) as (repository, _),
        telling(repository, topics, gate, rules, clock),
    ):
        await becomes(lambda: "Encounter/e1" in rules.told)
