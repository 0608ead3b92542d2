"""A connection to PostgreSQL that is lost: nothing half there, a clear answer, and work goes on."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from tests.contract.stores import BASE_URL, create, let_groups_last, one_group, patient, searching
from tests.patience import PATIENCE
from tests.postgres import Server, shared_server

from careloom.definitions import Definitions
from careloom.model.errors import ConflictError, InvalidError, NotSupportedError, TooCostlyError, UnavailableError
from careloom.search import SearchParameters
from careloom.store import Cursor, Repository, Turn
from careloom.store.postgres import commits as committing
from careloom.store.postgres import connection as connections
from careloom.store.postgres import server_of
from careloom.store.source import StoreSource
from careloom.store.sql.repository import SqlRepository

COMMIT = b"COMMIT\x00"
"""The statement as it travels; BEGIN has the word in READ COMMITTED."""


class Proxy:
    """Stands between a client and the server, and cuts the connection when certain words pass by.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        cut_at: The words, on their way to the server; none at first.
        reaches: Whether these words still reach the server before the connection is cut.
        is_closed: Whether it takes no new connection.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_at = b""
        self.reaches = False
        self.is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.is_closed:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._server))
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(one, other, one is client), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if is_client and self.cut_at and self.cut_at in data:
                    self.cut_at = b""
                    source.shutdown(socket.SHUT_RDWR)  # before the server can answer
                    if self.reaches:
                        target.sendall(data)
                        target.recv(65_536)
                    break
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    found = Proxy(postgres.port)
    yield found
    found.close()


@pytest.fixture
async def repository(
    postgres: Server, postgres_url: str, proxy: Proxy, registry: SearchParameters
) -> AsyncIterator[Repository]:
    """A record behind the proxy."""
    url = postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/") + "?sslmode=disable"
    found = await StoreSource(url, lock_timeout=5).open(tenant="north", parameters=registry)
    yield found
    await found.close()


def two(turn: Turn) -> None:
    turn.create(patient(), id="first")
    turn.create(patient(), id="second")


async def living(repository: Repository) -> set[str]:
    return {id for id in ("first", "second", "third") if await repository.read("Patient", id)}


async def test_a_connection_lost_in_the_turn_leaves_nothing(
    repository: Repository, postgres: Server, postgres_url: str
) -> None:
    def work(turn: Turn) -> None:
        turn.create(patient(), id="first")
        assert turn.read("Patient", "other") is None
        postgres.disconnect(postgres_url, "careloom writer%")
        turn.create(patient(), id="second")

    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        await repository.commit(work)
    assert await living(repository) == set()
    await create(repository, patient(id="third"))
    assert await living(repository) == {"third"}


async def test_all_that_share_a_lost_commit_are_told(
    repository: Repository, postgres: Server, postgres_url: str
) -> None:
    def work(turn: Turn) -> None:
        postgres.disconnect(postgres_url, "careloom writer%")

    answers = await asyncio.gather(
        repository.commit(lambda turn: turn.create(patient(), id="first")),
        repository.commit(work),
        repository.commit(lambda turn: turn.create(patient(), id="second")),
        return_exceptions=True,
    )
    told = {
        id for id, answer in zip(("first", "", "second"), answers, strict=True) if not isinstance(answer, Exception)
    }
    assert await living(repository) == told - {""}
    assert any(isinstance(answer, UnavailableError) for answer in answers)


@pytest.fixture
def long_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever waits is in one group."""
    let_groups_last(monkeypatch)


@pytest.mark.usefixtures("long_groups")
async def test_what_a_lost_group_has_added_is_not_taken_for_recorded(
    repository: Repository, postgres: Server, postgres_url: str, registry: SearchParameters
) -> None:
    new = patient(identifier=[{"system": "urn:never-seen", "value": "1"}])
    async with one_group(repository) as commit:
        commit(lambda turn: turn.create(new, id="first"))
        lost = commit(lambda turn: postgres.disconnect(postgres_url, "careloom writer%"))
    assert isinstance(lost.exception(), UnavailableError)
    await create(repository, patient(id="second", identifier=new["identifier"]))
    found = await repository.search(searching(registry)("Patient", ("identifier", "urn:never-seen|1")))
    assert [version.id for version in found.matches] == ["second"]
    assert [change.id for change in await repository.changes(0, 10)] == ["second"]


@pytest.mark.usefixtures("long_groups")
async def test_what_a_unit_has_spoilt_that_passes_over_an_error_of_the_server_is_not_told_as_made(
    repository: Repository,
) -> None:
    """The server answers such a COMMIT with ROLLBACK, and calls it no error."""

    def pass_over(turn: Turn) -> None:
        with suppress(psycopg.Error):
            turn._connection.execute("SELECT 1 / 0")  # type: ignore[attr-defined]

    async with one_group(repository) as commit:
        saving = asyncio.create_task(repository.events.save_cursor(Cursor("gp", delivered_to=1)))
        await asyncio.sleep(0.01)
        commit(pass_over)
    with pytest.raises(UnavailableError, match="the server undid a transaction"):
        await saving
    assert (await repository.events.cursor("gp")).delivered_to == 0
    await repository.events.save_cursor(Cursor("gp", delivered_to=2))
    assert (await repository.events.cursor("gp")).delivered_to == 2


@pytest.mark.usefixtures("long_groups")
async def test_who_raises_something_else_when_the_connection_is_lost_does_not_speak_for_the_others(
    repository: Repository, postgres: Server, postgres_url: str
) -> None:
    def pass_over(turn: Turn) -> None:
        postgres.disconnect(postgres_url, "careloom writer%")
        with suppress(psycopg.Error):
            turn.read("Patient", "whoever")
        raise LookupError("changed my mind")

    async with one_group(repository) as commit:
        created = commit(lambda turn: turn.create(patient(), id="first"))
        commit(pass_over)
    assert isinstance(created.exception(), UnavailableError)
    assert await living(repository) == set()


async def test_a_commit_that_a_statement_of_ours_spoils_is_told_as_it_is(repository: Repository) -> None:
    assert isinstance(repository, SqlRepository)
    with pytest.raises(psycopg.errors.DivisionByZero):
        await repository._writer.run(lambda connection: connection.executemany("SELECT 1 / ?", [(0,)]))
    await create(repository, patient(id="first"))
    assert await living(repository) == {"first"}


async def test_a_commit_that_never_reached_the_server_is_told_as_failed(repository: Repository, proxy: Proxy) -> None:
    await create(repository, patient(id="third"))
    proxy.cut_at = COMMIT
    with pytest.raises(UnavailableError):
        await repository.commit(two)
    assert await living(repository) == {"third"}
    await repository.commit(two)
    assert await living(repository) == {"first", "second", "third"}


async def test_a_commit_whose_answer_was_lost_is_told_as_made(repository: Repository, proxy: Proxy) -> None:
    await create(repository, patient(id="third"))
    proxy.cut_at, proxy.reaches = COMMIT, True
    await repository.commit(two)
    assert await living(repository) == {"first", "second", "third"}


async def test_a_commit_lost_in_a_crash_is_not_taken_for_one_that_came_after(
    postgres: Server, tmp_path: Path, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has crashed gives the numbers of transactions anew that nothing on the disk speaks of."""
    make, is_first = committing.Commits.make, iter([True])

    def crash_before(self: committing.Commits, connection: connections.Connection, *, has_news: bool) -> None:
        if next(is_first, False):
            crash(server, url)
        make(self, connection, has_news=has_news)

    with shared_server(tmp_path) as server:
        url = server.database_of(tmp_path)
        repository = await StoreSource(url, lock_timeout=5).open(tenant="north", parameters=registry)
        monkeypatch.setattr(committing.Commits, "make", crash_before)
        with pytest.raises(UnavailableError):
            await repository.commit(two)
        assert await living(repository) == set()
        await repository.commit(two)
        assert await living(repository) == {"first", "second"}
        await repository.close()


def crash(server: Server, url: str) -> None:
    """Kill a process of the server, and commit some transactions once it has recovered."""
    with suppress(psycopg.Error), psycopg.connect(url) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        connection.execute("SELECT 1")
    for number in range(10):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                server.execute(f"CREATE ROLE other{number}")
                break
            except psycopg.Error:
                assert time.monotonic() < until
                time.sleep(0.1)


async def test_a_commit_of_which_nobody_can_tell_is_told_as_such(
    repository: Repository, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(repository, patient(id="third"))
    monkeypatch.setattr(committing, "OUTCOME_SECONDS", 0.3)
    proxy.cut_at, proxy.reaches, proxy.is_closed = COMMIT, True, True
    with pytest.raises(UnavailableError, match="cannot be known"):
        await repository.commit(two)
    proxy.is_closed = False
    with pytest.raises(ConflictError):
        await repository.commit(two)
    assert await living(repository) == {"first", "second", "third"}


async def test_reading_goes_on_behind_a_lost_connection(
    repository: Repository, postgres: Server, postgres_url: str, registry: SearchParameters
) -> None:
    await create(repository, patient(id="first"))
    query = searching(registry)("Patient")
    assert len((await repository.search(query)).matches) == 1
    assert postgres.disconnect(postgres_url, "careloom reader%") > 0
    assert len((await repository.search(query)).matches) == 1
    postgres.disconnect(postgres_url, "careloom reader%")
    assert await living(repository) == {"first"}


async def test_a_server_that_is_away_is_told_and_found_again(
    repository: Repository, proxy: Proxy, postgres: Server, postgres_url: str
) -> None:
    proxy.is_closed = True
    postgres.disconnect(postgres_url)
    with pytest.raises(UnavailableError):
        await repository.read("Patient", "first")
    with pytest.raises(UnavailableError):
        await create(repository, patient(id="first"))
    proxy.is_closed = False
    await create(repository, patient(id="first"))
    assert await living(repository) == {"first"}


async def test_a_search_that_takes_too_long_is_refused_and_disturbs_nobody(
    postgres_url: str, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = await StoreSource(postgres_url, statement_timeout=2).open(tenant="north", parameters=registry)
    try:
        await create(repository, patient(id="first"))
        monkeypatch.setattr(
            connections.Connection,
            "some",
            lambda self, sql, values=(), wanted=0: iter(self.execute("SELECT 1, pg_sleep(60)").fetchall()),
        )
        query = searching(registry)("Patient")
        with pytest.raises(TooCostlyError):
            await repository.search(query)
        answers = await asyncio.gather(
            repository.commit(lambda turn: turn.create(patient(), id="second")),
            repository.commit(lambda turn: turn.search(query)),
            repository.commit(lambda turn: turn.create(patient(), id="third")),
            return_exceptions=True,
        )
        assert isinstance(answers[1], TooCostlyError)
        assert await living(repository) == {"first", "second", "third"}
    finally:
        await repository.close()


async def test_no_message_holds_a_password(registry: SearchParameters) -> None:
    secret = "hunter2-secret"
    source = StoreSource(f"postgresql://hub:{secret}@127.0.0.1:1/record")
    with pytest.raises(UnavailableError) as told:
        await source.open(tenant="north", parameters=registry)
    with pytest.raises(InvalidError) as wrong:
        StoreSource(f"postgresql://hub:{secret}@[bad/record").check()
    shown = [str(told.value), repr(source), repr(source.server()), str(wrong.value)]
    assert not any(secret in text for text in shown)
    assert "127.0.0.1:1/record" in shown[0]


async def test_a_database_of_another_program_is_left_as_it_is(
    postgres: Server, postgres_url: str, registry: SearchParameters
) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    postgres.execute("CREATE TABLE accounts (id integer)", name)
    with pytest.raises(InvalidError, match="another program"):
        await StoreSource(postgres_url).open(tenant="north", parameters=registry)
    assert postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == [("accounts",)]


async def test_a_database_of_a_newer_release_is_left_as_it_is(
    postgres: Server, postgres_url: str, registry: SearchParameters
) -> None:
    await (await StoreSource(postgres_url).open(tenant="north", parameters=registry)).close()
    name = postgres_url.rsplit("/", 1)[1]
    postgres.execute("INSERT INTO migration VALUES (9999, 'future', 'x', 'now')", name)
    with pytest.raises(InvalidError, match="newer release"):
        await StoreSource(postgres_url).open(tenant="north", parameters=registry)
    postgres.execute("DELETE FROM migration WHERE number = 9999", name)
    postgres.execute("UPDATE migration SET checksum = 'changed'", name)
    with pytest.raises(InvalidError, match="checksum"):
        await StoreSource(postgres_url).open(tenant="north", parameters=registry)


async def test_many_may_open_an_empty_database_at_once(postgres_url: str, registry: SearchParameters) -> None:
    source = StoreSource(postgres_url, readers=1)
    opened = await asyncio.gather(*(source.open(tenant="north", parameters=registry) for _ in range(6)))
    try:
        made = [(await create(each, patient()))[0] for each in opened]
        assert len(await opened[0].changes(0, 100)) == len(made)
    finally:
        for each in opened:
            await each.close()


def test_an_old_server_is_refused(monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    from careloom.store.postgres import migrations

    monkeypatch.setattr(migrations, "OLDEST", 99)
    connection = connections.connect_plain(server_of(postgres_url))
    with pytest.raises(NotSupportedError, match="PostgreSQL 99 or newer expected"):
        migrations.check_server(connection, "somewhere")
    connection.close()
