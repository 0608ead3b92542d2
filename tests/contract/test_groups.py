"""Units that share a commit: each sees what those before it wrote, and one that fails fails alone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import one_group, opened, patient

from careloom.model.errors import ConflictError
from careloom.search import Query, SearchParameters
from careloom.store import Repository, Turn
from careloom.store.ids import new_id
from careloom.store.sql.repository import SqlRepository

FOREVER = datetime(2100, 1, 1, tzinfo=UTC)

Search = Callable[..., Query]


@pytest.fixture(params=["sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, registry: SearchParameters
) -> AsyncIterator[Repository]:
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    async with opened(request.param, tmp_path, registry) as repository:
        yield repository


def named(family: str, **more: Any) -> dict[str, Any]:
    return patient(name=[{"family": family}], **more)


async def test_a_unit_sees_what_those_before_it_wrote(store: Repository, query: Search) -> None:
    asked = query("Patient", ("family", "Shah"))
    async with one_group(store) as commit:
        commit(lambda turn: turn.create(named("Shah"), id="1"))
        read = commit(lambda turn: turn.read("Patient", "1"))
        found = commit(lambda turn: [version.id for version in turn.search(asked)])
        again = commit(lambda turn: turn.update(named("Osei", id="1")))
        then = commit(lambda turn: [version.id for version in turn.search(asked)])
        taken = commit(lambda turn: turn.create(named("Khan"), id="1"))
    assert (read.result().version_id, found.result(), then.result()) == ("1", ["1"], [])
    assert again.result().version_id == "2"
    assert isinstance(taken.exception(), ConflictError)
    assert [each.version_id for each in await store.changes(0, 10)] == ["1", "2"]
    first = await store.vread("Patient", "1", "1")
    assert first is not None and first.interaction == "create"


async def test_a_unit_follows_the_version_that_one_before_it_wrote(store: Repository) -> None:
    async with one_group(store) as commit:
        tasks = [commit(lambda turn: turn.create(named("Shah"), id="1"))]
        tasks += [commit(lambda turn: turn.update(named("Osei", id="1"))) for _ in range(2)]
        taken = commit(lambda turn: turn.create(named("Khan"), id="1"))
        tasks.append(commit(lambda turn: turn.delete("Patient", "1")))
    assert [task.result().version_id for task in tasks] == ["1", "2", "3", "4"]
    assert isinstance(taken.exception(), ConflictError)
    told = [(each.version_id, each.interaction) for each in await store.changes(0, 10)]
    assert told == [("1", "create"), ("2", "update"), ("3", "update"), ("4", "delete")]


async def test_a_unit_that_fails_leaves_nothing_and_the_others_stay(store: Repository, query: Search) -> None:
    asked = query("Patient", ("family", "Shah"))

    def failing(turn: Turn) -> None:
        turn.create(named("Shah", maritalStatus={"coding": [{"system": "urn:never-seen", "code": "x"}]}), id="2")
        assert turn.once("groups", "key", FOREVER)
        assert len(turn.search(asked)) == 2
        turn.update(named("Gone", id="1"))
        raise LookupError("changed my mind")

    async with one_group(store) as commit:
        commit(lambda turn: turn.create(named("Shah"), id="1"))
        failed = commit(failing)
        key = commit(lambda turn: turn.once("groups", "key", FOREVER))
        third = commit(lambda turn: turn.create(named("Shah"), id="3"))
    assert isinstance(failed.exception(), LookupError)
    assert key.result() is True
    assert third.result().version_id == "1"
    assert [version.id for version in (await store.search(asked)).matches] == ["3", "1"]
    assert await store.read("Patient", "2") is None
    assert [(each.id, each.version_id) for each in await store.changes(0, 10)] == [("1", "1"), ("3", "1")]


async def test_what_a_unit_remembers_is_known_to_those_behind_it_unless_it_fails(store: Repository) -> None:
    def failing(turn: Turn) -> None:
        turn.remember("groups", ["lost"], FOREVER)
        raise LookupError("changed my mind")

    async with one_group(store) as commit:
        commit(lambda turn: turn.remember("groups", ["kept"], FOREVER))
        commit(failing)
        seen = commit(lambda turn: turn.seen("groups", ["kept", "lost"]))
        firsts = commit(lambda turn: [turn.once("groups", key, FOREVER) for key in ("kept", "lost")])
    assert seen.result() == {"kept"}
    assert firsts.result() == [False, True]


async def test_of_conditional_creates_in_one_group_one_creates(store: Repository, query: Search) -> None:
    asked = query("Patient", ("family", "Shah"))

    def create_once(turn: Turn) -> str:
        found = turn.search(asked)
        return found[0].id if found else turn.create(named("Shah")).id

    async with one_group(store) as commit:
        tasks = [commit(create_once) for _ in range(12)]
    assert len({task.result() for task in tasks}) == 1
    assert (await store.search(asked)).total == 1


async def test_an_id_that_was_made_but_is_taken_is_a_conflict_for_its_unit_alone(store: Repository) -> None:
    [taken, free, gone] = [new_id() for _ in range(3)]
    await store.commit(lambda turn: [turn.create(named("Shah"), id=id) for id in (taken, gone)])
    await store.commit(lambda turn: turn.delete("Patient", gone))
    seen: list[str] = []

    def catching(turn: Turn) -> str:
        try:
            turn.create(named("Osei"), id=taken)
        except ConflictError:
            return turn.create(named("Osei"), id=free).id
        return taken

    def searching(turn: Turn) -> None:
        turn.create(named("Khan"), id=taken)
        seen.append(turn.create(named("Khan")).id)
        turn.once("groups", "key", FOREVER)

    async with one_group(store) as commit:
        before = commit(lambda turn: turn.create(named("Ndu")))
        caught = commit(catching)
        failed = commit(searching)
        again = commit(lambda turn: turn.create(named("Khan"), id=gone))
        after = commit(lambda turn: turn.create(named("Ndu")))
    assert (before.result().version_id, after.result().version_id) == ("1", "1")
    assert (caught.result(), again.result().version_id) == (free, "3")
    assert isinstance(failed.exception(), ConflictError)
    made = [each.result().id for each in (before, after)]
    changes = await store.changes(0, 20)
    assert [each.id for each in changes[:3]] == [taken, gone, gone]
    assert sorted(each.id for each in changes[3:]) == sorted([*made, free, gone])
    assert await store.read("Patient", taken) == await store.vread("Patient", taken, "1")
    assert not seen or await store.read("Patient", seen[-1]) is None


async def test_what_a_unit_before_it_wrote_is_there_to_be_erased(store: Repository) -> None:
    async with one_group(store) as commit:
        commit(lambda turn: turn.create(named("Shah"), id="1"))
        erasing = asyncio.create_task(store.erase("Patient", "1"))
    assert (await erasing).resources == 1
    assert await store.read("Patient", "1") is None


async def test_a_unit_that_works_on_the_tables_finds_there_what_those_before_it_wrote(store: Repository) -> None:
    assert isinstance(store, SqlRepository)
    count, key = "SELECT count(*) FROM version WHERE tenant = ?", (store._tenancy.number,)
    async with one_group(store) as commit:
        commit(lambda turn: turn.create(named("Shah"), id="1"))
        counting = asyncio.create_task(store._writer.run(lambda connection: connection.execute(count, key).fetchone()))
    assert await counting == (1,)


async def test_causes_are_kept_apart_in_a_group(store: Repository) -> None:
    gate = threading.Event()
    held = asyncio.create_task(store.commit(lambda turn: gate.wait(timeout=10)))
    await asyncio.sleep(0.05)
    tasks = [
        asyncio.create_task(store.commit(lambda turn: turn.create(patient()), cause=f"client {number}"))
        for number in range(5)
    ]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(held, *tasks)
    assert [each.cause for each in await store.changes(0, 10)] == [f"client {number}" for number in range(5)]
