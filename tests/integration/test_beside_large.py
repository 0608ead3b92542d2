"""Small writes while a large bundle is loading: each is answered between two pieces of it, and it gets on."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.contract.stores import observation, opened
from tests.contract.stores import patient as small
from tests.patience import PATIENCE
from tests.unit.rest import conftest as fixtures
from tests.unit.rest.counter import send
from tests.unit.rest.desk import Desk, entry, patient, transaction

from careloom.model.errors import InvalidError, UnavailableError
from careloom.model.interpreter import INTERVAL
from careloom.model.json import serialize_json
from careloom.model.room import ROOM, Room
from careloom.rest import receiving
from careloom.search import SearchParameters
from careloom.store import Repository, Turn
from careloom.store.history import HistoryQuery
from careloom.store.sql import large, repository, slices
from careloom.store.sql.slices import AsideTurn, Part, show
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tables import COLUMNS

desk, hub_key, parameters = fixtures.desk, fixtures.hub_key, fixtures.parameters

T = TypeVar("T")

MANY = 400
UNSEEN = load_statements("record.sql")["unseen"]


@pytest.fixture(params=("sqlite", "postgres"))
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, parameters: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Repository]:
    """A record in which a unit is large from twenty versions on, and written in parts of ten of them."""
    cut_up = slices._parts
    monkeypatch.setattr(slices, "_parts", lambda content, most: cut_up(content, 100))
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    monkeypatch.setattr(repository, "LARGE", 20)
    async with opened(request.param, tmp_path, parameters) as found:
        yield found


def waited_for(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """What comes of work on the event loop, while the thread that asks does nothing else."""
    return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)


class Others:
    """Small writes that keep coming."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._loop = asyncio.get_running_loop()
        self.begun: list[asyncio.Task[Any]] = []
        self.had_turns = 0

    def come(self) -> None:
        """On the writer's thread: one more waits for its turn from now on."""
        waited_for(self._begin(), self._loop)

    def come_before_each_part(self, monkeypatch: pytest.MonkeyPatch, served: Callable[[], int]) -> None:
        """Have one more come before each part that a slice writes.

        Args:
            monkeypatch: Puts them there.
            served: How many of them have had their turn by then.
        """
        plain = AsideTurn.parts

        def parts(turn: AsideTurn) -> Iterator[Part]:
            for part in plain(turn):
                assert self.had_turns == served()
                self.come()
                yield part

        monkeypatch.setattr(AsideTurn, "parts", parts)

    async def _begin(self) -> None:
        self.begun.append(asyncio.create_task(self._repository.commit(self._write)))
        await asyncio.sleep(0)

    def _write(self, turn: Turn) -> None:
        turn.create(small())
        self.had_turns += 1


def many(turn: Turn) -> None:
    for number in range(MANY):
        turn.create(observation(subject={"reference": "Patient/1"}, code={"text": "Pulse"}), id=f"o{number}")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_small_writes_have_their_turn_after_each_part_of_a_large_one_which_gets_on(
    store: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Others(store)
    others.come_before_each_part(monkeypatch, lambda: len(others.begun))
    monkeypatch.setattr(large, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(large, "MOST_SECONDS", math.inf)
    await store.commit(many, size=MANY)
    await asyncio.gather(*others.begun)
    assert len(others.begun) > MANY // 10
    assert await store.read("Observation", f"o{MANY - 1}") is not None
    assert len(await store.changes(0, 10_000)) == MANY + len(others.begun)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_slice_that_has_just_begun_goes_on_though_somebody_waits(
    store: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Others(store)
    others.come_before_each_part(monkeypatch, lambda: 0)
    monkeypatch.setattr(large, "LEAST_SECONDS", math.inf)
    monkeypatch.setattr(large, "MOST_SECONDS", math.inf)
    await store.commit(many, size=MANY)
    await asyncio.gather(*others.begun)
    assert others.had_turns == len(others.begun) > 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_slice_ends_for_a_small_request_that_has_yet_to_ask_for_its_turn(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(large, "MOST_SECONDS", math.inf)
    run_slice, begun = store._large_units._run_slice, list[int]()

    async def write_slice(work: Any) -> Any:
        begun.append(1)
        return await run_slice(work)

    monkeypatch.setattr(store._large_units, "_run_slice", write_slice)
    claim = ROOM.enter()
    try:
        await store.commit(many, size=MANY)
    finally:
        ROOM.leave(claim)
    assert len(begun) > MANY // 10


def before_part(monkeypatch: pytest.MonkeyPatch, number: int, then: Callable[[], object]) -> None:
    """Have something done, on the thread that writes slices, before a part is given to be written."""
    plain = AsideTurn.parts

    def parts(turn: AsideTurn) -> Iterator[Part]:
        for each, part in enumerate(plain(turn)):
            if each == number:
                then()
            yield part

    monkeypatch.setattr(AsideTurn, "parts", parts)
    monkeypatch.setattr(large, "MOST_SECONDS", math.inf)  # all parts are one slice


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_small_writes_wait_for_no_slice_where_slices_need_no_turn(
    store: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    done: list[Any] = []

    def write() -> None:
        done.append(waited_for(store.commit(lambda turn: turn.create(small(), id="1")), loop))

    before_part(monkeypatch, 5, write)
    await store.commit(many, size=MANY)
    assert [change.type for change in await store.changes(0, 10_000)] == ["Patient"] + ["Observation"] * MANY


def take_out(store: Any) -> Coroutine[Any, Any, None]:
    """Take out the unit that is being written, as another process does with what is hours old."""
    key = {"tenant": store._desk.tenancy.number}
    [(first, last)] = store._readers.here(lambda each: each.execute(UNSEEN, key).fetchall())
    taken: Coroutine[Any, Any, None] = store._large_units.take_out(first, last)
    return taken


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_what_is_taken_out_while_a_slice_is_written_waits_for_its_end_and_is_done_again(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the answer to a COMMIT is lost, and the server is still about it."""
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []

    async def begin() -> None:
        tasks.append(asyncio.create_task(take_out(store)))
        await asyncio.sleep(0.2)
        assert not tasks[0].done()

    before_part(monkeypatch, 5, lambda: waited_for(begin(), loop))
    await store.commit(many, size=MANY)
    await tasks[0]
    assert not left_over(store)
    assert [change.version_id for change in await store.changes(0, 10_000)] == ["1"] * MANY


async def test_what_was_taken_out_between_two_slices_is_done_again_in_a_turn(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "MOST_SECONDS", 0.0)
    run_slice = store._large_units._run_slice
    begun: list[int] = []

    async def write_slice(work: Any) -> Any:
        begun.append(1)
        if len(begun) == 3:
            await take_out(store)
        return await run_slice(work)

    monkeypatch.setattr(store._large_units, "_run_slice", write_slice)
    await store.commit(many, size=MANY)
    assert len(begun) == 3
    assert not left_over(store)
    assert [change.version_id for change in await store.changes(0, 10_000)] == ["1"] * MANY


async def test_nothing_is_seen_of_what_is_half_taken_out(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it say who caused it: that stays what it was."""
    monkeypatch.setattr(slices, "TAKEN_OUT", MANY // 4)
    plain, seen = slices.take_out, []

    def looked_at(connection: Any, remover: Any, first: int, last: int) -> bool:
        if is_more := plain(connection, remover, first, last):
            hidden = connection.execute(UNSEEN, {"tenant": store._desk.tenancy.number}).fetchall()
            told = connection.execute("SELECT state, cause FROM tx WHERE tx = ?", (first,)).fetchall()
            seen.append((hidden == [(first, last)], told))
        return is_more

    def no(*arguments: object) -> None:
        raise InvalidError("no")

    monkeypatch.setattr(large, "take_out", looked_at)
    monkeypatch.setattr(large, "show", no)
    with pytest.raises(InvalidError):
        await store.commit(many, size=MANY, cause="epr")
    assert seen == [(True, [(slices.GIVEN_UP, "epr")])] * 4
    assert not left_over(store)


async def test_a_client_that_goes_away_while_it_is_shown_takes_nothing_of_it_out(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is durable by then, as a small write is whose client does not wait for the answer."""
    loop = asyncio.get_running_loop()
    plain = show

    async def cancel() -> None:
        loading.cancel()
        await asyncio.sleep(0)

    def shown(*arguments: Any) -> None:
        waited_for(cancel(), loop)
        plain(*arguments)

    monkeypatch.setattr(large, "show", shown)
    loading = asyncio.create_task(store.commit(many, size=MANY))
    with pytest.raises(asyncio.CancelledError):
        await loading
    await store.commit(lambda turn: turn.create(small()))  # behind what the large one has left to be done
    assert len(await store.changes(0, 10_000)) == MANY + 1
    assert await store.read("Observation", f"o{MANY - 1}") is not None


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_a_connection_lost_in_a_slice_leaves_nothing(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose() -> None:
        store._aside._connected.raw.close()

    before_part(monkeypatch, 5, lose)
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        await store.commit(many, size=MANY)
    assert not left_over(store)
    assert await store.changes(0, 10) == []
    await store.commit(lambda turn: turn.create(small()))
    assert len(await store.changes(0, 10)) == 1


async def test_threads_hand_over_soon_while_it_is_recorded(store: Repository) -> None:
    interval = await store.commit(lambda turn: sys.getswitchinterval(), size=MANY)
    assert interval == pytest.approx(INTERVAL, rel=0.1)
    assert interval < sys.getswitchinterval()


def vids(store: Any, select: str, *values: Any) -> set[int]:
    return {vid for (vid,) in store._readers.here(lambda each: each.execute(select, values).fetchall())}


def left_over(store: Any) -> set[str]:
    """The tables that hold something of versions that are not there, of the words one that `many` writes."""
    desk, there = store._desk, vids(store, "SELECT vid FROM version")
    tables = [table for table, columns in COLUMNS.items() if "vid" in columns and table != "fts"]
    found = {table: vids(store, f"SELECT vid FROM {table} WHERE tenant = ?", desk.tenancy.number) for table in tables}
    words = desk.dialect.words(["pulse"])
    found["fts"] = vids(store, words.text, *words.values)
    return {table for table, those in found.items() if not those <= there}


@pytest.mark.parametrize("far", (0, 1, 26, 40))
async def test_a_client_that_goes_away_leaves_nothing_and_holds_up_nobody(
    store: Repository, monkeypatch: pytest.MonkeyPatch, far: int
) -> None:
    """It goes while its content is being written, however much of it is there already."""
    others = Others(store)
    plain = AsideTurn.parts

    def parts(self: AsideTurn) -> Iterator[Part]:
        for number, part in enumerate(plain(self)):
            if number == far:
                loop.call_soon_threadsafe(loading.cancel)
            others.come()
            yield part

    monkeypatch.setattr(AsideTurn, "parts", parts)
    monkeypatch.setattr(large, "LEAST_SECONDS", 0.0)
    loop = asyncio.get_running_loop()
    loading = asyncio.create_task(store.commit(many, size=MANY))
    with pytest.raises(asyncio.CancelledError):
        await loading
    await asyncio.gather(*others.begun)
    changes = await store.changes(0, 10_000)
    assert {change.type for change in changes} == {"Patient"}
    assert len(changes) == len(others.begun)
    assert not left_over(store)
    await store.commit(many, size=MANY)
    assert not left_over(store)
    assert await store.read("Observation", "o1") is not None


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_what_is_collected_again_since_a_connection_was_lost_is_written_once(store: Repository) -> None:
    runs: list[int] = []

    def overtaken_by_the_server(turn: Any) -> None:
        runs.append(1)
        many(turn)
        if len(runs) == 1:
            turn._connection.raw.close()
            turn.read("Patient", "1")

    await store.history(HistoryQuery())  # leaves a connection, which is tried first
    await store.commit(overtaken_by_the_server, size=MANY)
    assert len(runs) == 2
    assert [change.version_id for change in await store.changes(0, 10_000)] == ["1"] * MANY


async def test_small_requests_are_answered_between_any_two_pieces_of_a_large_one(
    desk: Desk, store: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, judging, making ready, packing, settling and carrying out hold nothing that others need."""
    desk = desk.with_hub(repository=store)
    loop = asyncio.get_running_loop()
    told: list[tuple[int, bool]] = []

    async def ask() -> tuple[int, bool]:
        data = serialize_json(patient(name=[{"family": "Small"}]))
        answer = await send(desk, "POST", "/Patient", data, content_type="application/fhir+json")
        return answer.status, await store.read("Patient", "large-1") is not None

    monkeypatch.setattr(Room, "make", lambda self: told.append(waited_for(ask(), loop)))
    monkeypatch.setattr(receiving, "LARGE", 2_000)
    entries = [entry("PUT", f"Patient/large-{number}", patient(id=f"large-{number}")) for number in range(25)]
    sent = serialize_json(transaction(*entries))
    answer = await send(desk, "POST", "/", sent, content_type="application/fhir+json")
    assert answer.status == 200
    assert set(told) == {(201, False)}, "answered, and nothing of the large one seen before all of it"
    assert len(told) >= 9 * len(entries)
    assert await store.read("Patient", "large-1") is not None
