"""A search parameter that is added or changed is indexed beside the work, and told as such until it is."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import BASE_URL, create, observation, patient
from tests.integration.test_live_parameters import indexing_waits
from tests.patience import PATIENCE

from careloom.definitions import Definitions
from careloom.search import SearchParameters, parse_query
from careloom.store import Turn, open_sqlite
from careloom.store.sql import indexing
from careloom.store.sql.slices import LARGE
from careloom.store.sqlite import SqliteRepository

MANY = 250
URL = "https://hub.example/SearchParameter/lot"
CITY = "Patient.address.city | Patient.contact.address.city"


def lot(expression: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": URL,
        "code": "lot",
        "base": ["Patient"],
        "type": "string",
        "expression": expression,
        **more,
    }


@pytest.fixture
def registry(definitions: Definitions) -> Callable[..., SearchParameters]:
    def made(*parameters: dict[str, Any]) -> SearchParameters:
        return SearchParameters(definitions.with_resources(parameters), base_url=BASE_URL)

    return made


@asynccontextmanager
async def record(path: Path, parameters: SearchParameters) -> AsyncIterator[SqliteRepository]:
    repository = await open_sqlite(path / "hub.db", tenant="north", parameters=parameters)
    try:
        yield repository
    finally:
        await repository.close()


def load(turn: Turn) -> None:
    for number in range(MANY):
        address = {"city": f"City{number}", "district": f"District{number}", "type": "both"}
        turn.create(patient(address=[address], gender="male"), id=f"p{number}")


async def found(repository: SqliteRepository, text: str, code: str = "lot") -> list[str]:
    query = parse_query("Patient", [(code, text), ("_count", "1000")], repository.parameters, strict=True)
    return [version.id for version in (await repository.search(query)).matches]


def state(path: Path, code: str = "lot") -> tuple[Any, ...]:
    connection = sqlite3.connect(path / "hub.db")
    select = "SELECT state, generation, done FROM index_state WHERE type = 'Patient' AND parameter = ?"
    row: tuple[Any, ...] = connection.execute(select, (code,)).fetchone()
    connection.close()
    return row


async def test_a_new_parameter_is_indexed_beside_the_work(
    tmp_path: Path, registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with record(tmp_path, registry()) as repository:
        await repository.commit(load)
        assert state(tmp_path, "gender") == ("ready", 1, 0)
    go_on = indexing_waits(monkeypatch)
    async with record(tmp_path, registry(lot(CITY))) as repository:
        assert repository.parameters.of("Patient")["lot"].state == "indexing"
        await create(repository, patient(id="new", address=[{"city": "City7"}]))
        go_on.set()
        await repository.indexed()
        assert repository.parameters.of("Patient")["lot"].state == "active"
        assert set(await found(repository, "city7")) >= {"new", "p7"}
        assert await found(repository, "city249") == ["p249"]
        assert len(await found(repository, "true", "lot:missing")) == 0
    assert state(tmp_path)[0] == "ready"


async def test_a_new_parameter_is_indexed_over_what_a_large_unit_was_the_first_to_record(
    tmp_path: Path, registry: Any
) -> None:
    async with record(tmp_path, registry()) as repository:
        await repository.commit(load, size=LARGE)
        assert state(tmp_path, "gender") == ("ready", 1, 0)
    async with record(tmp_path, registry(lot(CITY))) as repository:
        await repository.indexed()
        assert await found(repository, "city249") == ["p249"]


async def test_what_was_begun_is_gone_on_with_after_a_restart(
    tmp_path: Path, registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = registry(lot(CITY))
    async with record(tmp_path, registry()) as repository:
        await repository.commit(load)
    monkeypatch.setattr("careloom.store.sql.indexer._BETWEEN", 3_600.0)
    monkeypatch.setattr(indexing, "SLICE_SECONDS", 60.0)
    async with record(tmp_path, parameters) as repository:
        async with asyncio.timeout(PATIENCE):
            while state(tmp_path)[2] == 0:
                await asyncio.sleep(0.01)
    assert state(tmp_path) == ("building", 1, indexing.AT_ONCE)
    monkeypatch.undo()
    go_on = indexing_waits(monkeypatch)
    async with record(tmp_path, parameters) as repository:
        assert repository.parameters.of("Patient")["lot"].state == "indexing"
        go_on.set()
        await repository.indexed()
        assert await found(repository, "city3") == [f"p{n}" for n in range(MANY - 1, -1, -1) if str(n)[0] == "3"]
    assert state(tmp_path) == ("ready", 1, MANY)


async def test_a_changed_parameter_finds_nothing_of_before(tmp_path: Path, registry: Any) -> None:
    for number, (element, other) in enumerate((("city", "district"), ("district", "city"), ("city", "district"))):
        ways = f"Patient.address.{element} | Patient.contact.address.{element}"
        async with record(tmp_path, registry(lot(ways))) as repository:
            if number == 0:
                await repository.commit(load)
            await repository.indexed()
            assert await found(repository, f"{element}249") == ["p249"]
            assert await found(repository, f"{other}249") == []
        assert state(tmp_path)[:2] == ("ready", number + 1)
    connection = sqlite3.connect(tmp_path / "hub.db")
    select = "SELECT count(DISTINCT p) FROM str WHERE p IN (SELECT id FROM name WHERE text LIKE 'Patient.lot%')"
    assert connection.execute(select).fetchone() == (1,), "texts of the definition before are still there"
    connection.close()


async def test_a_token_of_before_is_not_found_under_the_definition_of_now(tmp_path: Path, registry: Any) -> None:
    async with record(tmp_path, registry(lot("Patient.address.type", type="token"))) as repository:
        await repository.commit(load)
        assert len(await found(repository, "both")) == MANY
    changed = lot("Patient.maritalStatus", type="token")
    async with record(tmp_path, registry(changed)) as repository:
        await repository.indexed()
        assert await found(repository, "both") == []
        await create(repository, patient(id="m", maritalStatus={"coding": [{"system": "urn:m", "code": "both"}]}))
        assert await found(repository, "both") == await found(repository, "urn:m|") == ["m"]


async def test_one_that_comes_back_is_indexed_anew(tmp_path: Path, registry: Any) -> None:
    async with record(tmp_path, registry(lot(CITY))) as repository:
        await create(repository, patient(id="1", address=[{"city": "Leeds"}]))
    async with record(tmp_path, registry()) as repository:
        await create(repository, patient(id="2", address=[{"city": "Leeds"}]))
    assert state(tmp_path)[0] == "dropped"
    async with record(tmp_path, registry(lot(CITY))) as repository:
        await repository.indexed()
        assert set(await found(repository, "leeds")) == {"1", "2"}


async def test_nothing_is_indexed_again_where_nothing_has_changed(tmp_path: Path, registry: Any) -> None:
    async with record(tmp_path, registry()) as repository:
        await create(repository, patient(id="1"))
        await create(repository, observation())
    async with record(tmp_path, registry()) as repository:
        assert repository.parameters.states == {}


async def test_types_of_an_undone_unit_are_told_by_the_next(tmp_path: Path, registry: Any) -> None:
    def failing(turn: Turn) -> None:
        turn.create(patient(id="1"), id="1")
        raise KeyError("no")

    async with record(tmp_path, registry()) as repository:
        with pytest.raises(KeyError):
            await repository.commit(failing)
        await create(repository, patient(id="2"))
    assert state(tmp_path, "gender") == ("ready", 1, 0)
