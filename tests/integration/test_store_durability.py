"""kill -9 at any moment: what was acknowledged is there with all its parts, and nothing is half there."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, opened, searching

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import Change, Repository, Turn

ROUNDS = int(os.environ.get("CARELOOM_KILL_ROUNDS", "20"))
"""`make soak-store` asks for 200."""

FOREVER = datetime(2100, 1, 1, tzinfo=UTC)

WRITERS = """
import asyncio, os, sys
from pathlib import Path
from tests.contract.stores import BASE_URL, identified
from tests.integration.test_store_durability import write_one
from careloom.definitions import Definitions
from careloom.search import SearchParameters, index_values
from careloom.store import open_sqlite
from careloom.store.sqlite import transactions

transactions.CHECKPOINT_ROWS = 300  # so that one is often under way when the kill comes
registry = SearchParameters(Definitions.load(), base_url=BASE_URL)
index_values(identified("1"), registry)
index_values({"resourceType": "AuditEvent"}, registry)

async def write(path, start):
    repository = await open_sqlite(Path(path), tenant="north", parameters=registry)
    async def client(first):
        for number in range(first, first + 1_000_000, 16):
            await write_one(repository, number)
            os.write(1, f"{number}\\n".encode())
    await asyncio.gather(*(client(start + n) for n in range(16)))

for line in sys.stdin:
    path, start = line.split()
    child = os.fork()
    if child == 0:
        asyncio.run(write(path, int(start)))
    os.write(1, f"pid {child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


async def write_one(repository: Repository, number: int) -> None:
    """One unit with a part of every sort: a version, its change, an audit record, a key, a second version."""
    key = str(number)

    def work(turn: Turn) -> None:
        turn.create({"resourceType": "Patient", "identifier": [{"system": "urn:n", "value": key}]}, id=f"p{key}")
        turn.audit({"resourceType": "AuditEvent", "id": f"a{key}", "recorded": "2026-11-22T12:00:00Z"})
        turn.once("durability", key, FOREVER)
        turn.update({"resourceType": "Patient", "id": f"p{key}", "identifier": [{"system": "urn:n", "value": key}]})

    await repository.commit(work, cause=key, is_light=number % 2 == 0)


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture
def writers() -> Iterator[subprocess.Popen[str]]:
    """A process that has loaded everything and forks a writer for each line it is given."""
    command = [sys.executable, "-c", WRITERS]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)


async def test_kill_at_random_moments_loses_nothing_acknowledged(
    tmp_path: Path, registry: SearchParameters, writers: subprocess.Popen[str]
) -> None:
    chance = random.Random(22)
    seen_in_all = 0
    for round in range(ROUNDS):
        acknowledged = _written_until_killed(writers, tmp_path / "hub.db", round * 1_000_000, chance.uniform(0, 0.25))
        async with opened("sqlite", tmp_path, registry) as repository:
            perhaps = _perhaps_written(acknowledged, round * 1_000_000)
            new_keys = await repository.commit(_keys_seen_first([*acknowledged, *perhaps]))
            for number in acknowledged:
                parts = await _parts(repository, registry, number, new_keys)
                assert parts == "all", f"{number} was acknowledged"
            for number in perhaps:
                parts = await _parts(repository, registry, number, new_keys)
                assert parts in ("all", "none"), f"{number} is half there"
        seen_in_all += len(acknowledged)
    assert seen_in_all > ROUNDS


def _written_until_killed(writers: subprocess.Popen[str], path: Path, start: int, after: float) -> list[int]:
    """Numbers acknowledged by a writer that was killed some seconds after its first acknowledgement."""
    assert writers.stdin is not None and writers.stdout is not None
    writers.stdin.write(f"{path} {start}\n")
    writers.stdin.flush()
    lines = [writers.stdout.readline(), writers.stdout.readline()]
    while not (pids := [line.split()[1] for line in lines if line.startswith("pid")]):
        lines.append(writers.stdout.readline())
    [pid] = pids
    time.sleep(after)
    subprocess.run(["kill", "-9", pid], check=True)
    while lines[-1] != "dead\n":
        lines.append(writers.stdout.readline())
    return [int(line) for line in lines if line.strip().isdigit()]


def _perhaps_written(acknowledged: list[int], start: int) -> list[int]:
    """What the clients had in hand when they were killed: the next number of each."""
    latest = {number % 16: number for number in sorted(acknowledged)}
    return [latest.get((start + n) % 16, start + n - 16) + 16 for n in range(16)]


def _keys_seen_first(numbers: list[int]) -> Callable[[Turn], set[int]]:
    return lambda turn: {number for number in numbers if turn.once("durability", str(number), FOREVER)}


async def _parts(repository: Repository, registry: SearchParameters, number: int, new_keys: set[int]) -> str:
    """Which parts of a unit are there."""
    query = searching(registry)("Patient", ("identifier", f"urn:n|{number}"))
    changes = {(change.id, change.version_id) for change in await _changes_of(repository, number)}
    parts = {
        "head": await repository.read("Patient", f"p{number}") is not None,
        "first version": await repository.vread("Patient", f"p{number}", "1") is not None,
        "second version": await repository.vread("Patient", f"p{number}", "2") is not None,
        "postings": (await repository.search(query)).total == 1,
        "audit": await repository.read("AuditEvent", f"a{number}") is not None,
        "changes": changes == {(f"p{number}", "1"), (f"p{number}", "2")},
        "key": number not in new_keys,
    }
    if all(parts.values()):
        return "all"
    return "none" if not any(parts.values()) else f"only {[name for name, is_there in parts.items() if is_there]}"


async def _changes_of(repository: Repository, number: int) -> list[Change]:
    read = await repository.vread("Patient", f"p{number}", "1")
    if read is None:
        return []
    found = await repository.changes(read.sequence - 1, 4)
    return [change for change in found if change.cause == str(number)]
