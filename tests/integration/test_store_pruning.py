"""Closed versions lose their index rows once no page can need them, and keep everything else."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, SteppingClock, create, opened, patient, searching
from tests.patience import PATIENCE

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.search import Query, SearchParameters
from careloom.store.sql import repository as repositories
from careloom.store.sqlite import SqliteRepository


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


def rows(path: Path) -> int:
    """Index rows in the file."""
    connection = sqlite3.connect(path)
    number = sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("tok", "str", "dat"))
    connection.close()
    return int(number)


async def test_old_rows_go_and_history_stays(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    clock = SteppingClock()
    async with opened("sqlite", tmp_path, registry, clock) as repository:
        assert isinstance(repository, SqliteRepository)
        await create(repository, patient(id="1", gender="male", name=[{"family": "Smith"}]), patient(id="2"))
        once = rows(tmp_path / "hub.db")
        page = await repository.search(query("Patient", ("_count", "1")))
        assert page.next is not None
        for number in range(300):
            changed = patient(id="1", gender="male", name=[{"family": "Smith"}], birthDate=f"20{number % 90 + 10}")
            await repository.commit(lambda turn, changed=changed: turn.update(changed))  # type: ignore[misc]
        await repository.prune()
        assert rows(tmp_path / "hub.db") > 100 * once
        asked = replace(query("Patient", ("_count", "1")), page=page.next)
        assert len((await repository.search(asked)).matches) == 1
        clock.step(hours=25)
        await repository.prune()
        assert rows(tmp_path / "hub.db") == once + 1
        with pytest.raises(InvalidError, match="search again"):
            await repository.search(asked)
        assert (await repository.search(query("Patient", ("family", "smith")))).total == 1
        old = await repository.vread("Patient", "1", "150")
        assert old is not None and old.resource is not None


async def test_a_record_is_pruned_soon_after_it_was_opened(
    tmp_path: Path, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SteppingClock()
    async with opened("sqlite", tmp_path, registry, clock) as repository:
        await create(repository, patient(id="1", name=[{"family": "Smith"}]))
        await repository.commit(lambda turn: turn.update(patient(id="1", name=[{"family": "Jones"}])))
    before = rows(tmp_path / "hub.db")
    clock.step(hours=25)
    monkeypatch.setattr(repositories, "_BEFORE_PRUNING", 0.01)
    async with opened("sqlite", tmp_path, registry, clock):
        async with asyncio.timeout(PATIENCE):
            while rows(tmp_path / "hub.db") == before:
                await asyncio.sleep(0.02)
