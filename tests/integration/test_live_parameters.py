"""SearchParameter resources that are recorded are searched by without a restart, on both databases and in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import BASE_URL, create, patient
from tests.patience import PATIENCE

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError, UnavailableError
from careloom.search import SearchParameters, parse_query
from careloom.store import MemoryRepository, Repository, Turn
from careloom.store.source import StoreSource
from careloom.store.sql.indexer import Indexer
from careloom.store.upkeep import alone, check, opened, reindex, snapshot

TENANT = "north"
URL = "https://hub.example/SearchParameter/lot"
CITY = "Patient.address.city | Patient.contact.address.city"
DISTRICT = "Patient.address.district | Patient.contact.address.district"
MANY = 250

Opening = Callable[[], Awaitable[Any]]


def lot(expression: str = CITY, **more: Any) -> dict[str, Any]:
    named = {"url": URL, "name": "Lot", "status": "active", "description": "Lots", "code": "lot", "base": ["Patient"]}
    return {"resourceType": "SearchParameter", **named, "type": "string", "expression": expression, **more}


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(params=["sqlite", "postgres"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSource:
    is_file = request.param == "sqlite"
    return StoreSource(f"sqlite:///{tmp_path}/hub.db" if is_file else request.getfixturevalue("postgres_url"))


@pytest.fixture
async def opening(source: StoreSource, registry: SearchParameters) -> AsyncIterator[Opening]:
    """Opens the record, as often as wanted; all are closed at the end."""
    records: list[Repository] = []

    async def open_record() -> Repository:
        records.append(await source.open(tenant=TENANT, parameters=registry))
        return records[-1]

    yield open_record
    for each in records:
        await each.close()


def load(turn: Turn) -> None:
    for number in range(MANY):
        address = {"city": f"City{number}", "district": f"District{number}"}
        turn.create(patient(address=[address], gender="male"), id=f"p{number}")


async def found(repository: Any, text: str, code: str = "lot") -> list[str]:
    query = parse_query("Patient", [(code, text), ("_count", "1000")], repository.parameters, strict=True)
    return [version.id for version in (await repository.search(query)).matches]


def state(repository: Any, code: str = "lot") -> str:
    parameter = repository.parameters.of("Patient").get(code)
    return parameter.state if parameter else "unknown"


def indexing_waits(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Have whatever is to be indexed wait until this is set."""
    go_on, run = asyncio.Event(), Indexer._run

    async def waiting(self: Indexer) -> None:
        await go_on.wait()
        await run(self)

    monkeypatch.setattr(Indexer, "_run", waiting)
    return go_on


async def put(repository: Any, resource: dict[str, Any]) -> None:
    await repository.commit(lambda turn: turn.update(resource))


async def delete(repository: Any, id: str) -> None:
    await repository.commit(lambda turn: turn.delete("SearchParameter", id))


async def test_one_that_is_recorded_is_indexed_beside_the_work_and_then_found_by(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, go_on = await opening(), indexing_waits(monkeypatch)
    await repository.commit(load)
    assert state(repository) == "unknown"
    await put(repository, lot(id="lot"))
    assert state(repository) == "indexing"
    with pytest.raises(InvalidError, match="is being indexed"):
        await found(repository, "city7")
    go_on.set()
    await create(repository, patient(id="new", address=[{"city": "City249"}]))
    await repository.indexed()
    assert state(repository) == "active"
    assert await found(repository, "city249") == ["new", "p249"]
    assert len(await found(repository, "city")) == MANY + 1


async def test_one_that_is_deleted_or_retired_is_not_known_any_more(opening: Opening) -> None:
    repository = await opening()
    await create(repository, patient(id="1", address=[{"city": "Leeds"}]))
    for number, gone in enumerate((None, lot(id="lot", status="retired"), lot(id="lot", status="draft"))):
        await put(repository, lot(id="lot"))
        await repository.indexed()
        assert "1" in await found(repository, "leeds")
        await (put(repository, gone) if gone else delete(repository, "lot"))
        assert state(repository) == "unknown"
        with pytest.raises(InvalidError, match="no search parameter 'lot'"):
            await found(repository, "leeds")
        await create(repository, patient(id=f"while-{number}", address=[{"city": "Leeds"}]))
    await put(repository, lot(id="lot"))
    await repository.indexed()
    assert set(await found(repository, "leeds")) == {"1", "while-0", "while-1", "while-2"}


async def test_one_that_is_changed_finds_nothing_of_before(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = await opening()
    await repository.commit(load)
    await put(repository, lot(id="lot"))
    await repository.indexed()
    go_on = indexing_waits(monkeypatch)
    await put(repository, lot(DISTRICT, id="lot"))
    assert state(repository) == "indexing"
    go_on.set()
    await repository.indexed()
    assert await found(repository, "district249") == ["p249"]
    assert await found(repository, "city249") == []


async def test_a_search_that_was_read_before_the_change_misses_nothing_in_silence(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = await opening()
    await repository.commit(load)
    await put(repository, lot(id="lot"))
    await repository.indexed()
    query = parse_query("Patient", [("lot", "city249")], repository.parameters, strict=True)
    go_on = indexing_waits(monkeypatch)
    await put(repository, lot(DISTRICT, id="lot"))
    for search in (repository.search(query), repository.commit(lambda turn: turn.search(query))):
        with pytest.raises(UnavailableError, match="'lot' of Patient has just changed; ask again"):
            await search
    go_on.set()
    await repository.indexed()
    assert (await repository.search(query)).matches == ()
    await delete(repository, "lot")
    with pytest.raises(UnavailableError):
        await repository.search(query)


async def test_what_is_recorded_is_known_after_a_restart_and_not_indexed_again(opening: Opening) -> None:
    repository = await opening()
    await repository.commit(load)
    await put(repository, lot(id="lot"))
    await repository.indexed()
    await repository.close()
    repository = await opening()
    assert state(repository) == "active"
    assert await found(repository, "city249") == ["p249"]


async def test_what_was_begun_is_gone_on_with_after_a_restart(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = await opening()
    await repository.commit(load)
    with monkeypatch.context() as patched:
        patched.setattr("careloom.store.sql.indexer._BETWEEN", 3_600.0)
        await put(repository, lot(id="lot"))
        await asyncio.sleep(0.5)
        assert state(repository) == "indexing"
        await repository.close()
    go_on = indexing_waits(monkeypatch)
    repository = await opening()
    assert state(repository) == "indexing"
    go_on.set()
    await repository.indexed()
    assert len(await found(repository, "city")) == MANY


async def test_what_was_prepared_before_it_was_recorded_is_found_by_it(opening: Opening) -> None:
    repository = await opening()
    await create(repository, patient(id="first", address=[{"city": "Leeds"}]))
    early = repository.prepare(patient(address=[{"city": "Leeds"}]), id="early")
    await put(repository, lot(id="lot"))
    await repository.indexed()
    await repository.commit(lambda turn: turn.update(early))
    assert await found(repository, "leeds") == ["early", "first"]


async def test_a_large_unit_that_was_under_way_is_found_by_it(opening: Opening) -> None:
    repository = await opening()
    await create(repository, patient(id="before", address=[{"city": "C", "district": "D"}], gender="male"))
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(turn: Turn) -> None:
        load(turn)
        if turn.is_aside:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(PATIENCE)

    large = asyncio.create_task(repository.commit(work, size=1_000))
    await begun.wait()
    await put(repository, lot(id="lot"))
    await repository.indexed()
    go_on.set()
    await large
    assert len(await found(repository, "c")) == MANY + 1


async def test_a_standard_parameter_is_found_by_while_one_that_says_the_same_comes_and_goes(opening: Opening) -> None:
    repository = await opening()
    await repository.commit(load)
    await put(repository, lot("Patient.address.city", id="lot"))
    assert state(repository) == "active", "its values are there already"
    assert await found(repository, "city249") == await found(repository, "city249", "address-city") == ["p249"]
    await delete(repository, "lot")
    assert await found(repository, "city249", "address-city") == ["p249"]


async def test_the_check_knows_it_and_so_does_reindexing(
    opening: Opening, source: StoreSource, registry: SearchParameters
) -> None:
    repository = await opening()
    await repository.commit(load)
    await put(repository, lot(id="lot"))
    await repository.indexed()
    await repository.close()
    with snapshot(source) as database:
        assert check(database, registry).counts == {}
    with alone(source), opened(source) as database:
        reindex(database, registry)
    assert await found(await opening(), "city249") == ["p249"]


async def test_the_check_reads_what_is_packed_with_a_dictionary(
    opening: Opening, source: StoreSource, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careloom.store.bodies.FIRST_AFTER", MANY)
    repository = await opening()
    await repository.commit(load)
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(_is_plain, source):
            await asyncio.sleep(0.1)
    await repository.close()
    with snapshot(source) as database:
        assert check(database, registry).counts == {}


def _is_plain(source: StoreSource) -> bool:
    with snapshot(source) as database:
        return not any(number for (number,) in database.stream("SELECT dictionary FROM body"))


async def test_an_erasure_takes_out_what_a_deleted_one_has_left(opening: Opening) -> None:
    repository = await opening()
    for id in ("0", "1"):
        await create(repository, patient(id=id, address=[{"city": "Leeds"}]))
    plain = await repository.erase("Patient", "0")
    await put(repository, lot(id="lot"))
    await repository.indexed()
    await delete(repository, "lot")
    with_leftover = await repository.erase("Patient", "1")
    assert with_leftover.rows == plain.rows + 1


async def test_an_expression_that_costs_much_holds_up_nobody(opening: Opening) -> None:
    repository = await opening()
    await repository.commit(load)
    costly = "Patient.repeat(iif(name.exists(), 1, $this + 1)).where(repeat($this + 1).exists()).toString()"
    await put(repository, lot(costly, id="lot"))
    async with asyncio.timeout(PATIENCE):
        await create(repository, patient(id="meanwhile"))
        assert (await repository.read("Patient", "meanwhile")) is not None


async def test_memory_takes_it_up_at_once(registry: SearchParameters) -> None:
    repository = MemoryRepository(tenant=TENANT, parameters=registry)
    await create(repository, patient(id="1", address=[{"city": "Leeds"}]))
    await put(repository, lot(id="lot"))
    assert await found(repository, "leeds") == ["1"]
    await delete(repository, "lot")
    assert state(repository) == "unknown"
