"""No race makes a duplicate, whoever races."""

import asyncio
from collections.abc import Callable

from tests.contract.stores import NHS_NUMBER, identified

from careloom.search import Query
from careloom.store import Repository, Turn, Version

CLIENTS = 32


async def test_of_racing_conditional_creates_one_creates(repository: Repository, query: Callable[..., Query]) -> None:
    for number in range(5):
        wanted = query("Patient", ("identifier", f"{NHS_NUMBER}|{number}"))

        def create_once(turn: Turn, wanted: Query = wanted, number: int = number) -> Version:
            found = turn.search(wanted)
            return found[0] if found else turn.create(identified(str(number)))

        versions = await asyncio.gather(*(repository.commit(create_once) for _ in range(CLIENTS)))
        assert len({version.id for version in versions}) == 1
        assert (await repository.search(wanted)).total == 1


async def test_of_racing_updates_each_has_a_version_of_its_own(repository: Repository) -> None:
    await repository.commit(lambda turn: turn.create(identified("1"), id="1"))
    versions = await asyncio.gather(
        *(repository.commit(lambda turn: turn.update({**identified("1"), "id": "1"})) for _ in range(CLIENTS))
    )
    assert sorted(int(version.version_id) for version in versions) == list(range(2, CLIENTS + 2))
