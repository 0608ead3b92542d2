"""Two ``careloom serve`` on one PostgreSQL: one record, no duplicates, each subscriber told once."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.contract.stores import NHS_NUMBER, identified
from tests.integration.hub import SETTINGS, HubProcess, Locality, caller, eventually, running_hub
from tests.integration.test_notify_survives_kill import MORE_SETTINGS, _discharge, _has_all, _subscribe, receiving
from tests.patience import becomes

from careloom.notify import new_secret
from careloom.notify.shifts import LANES, PRESENCE, SHARDS, _falls_to

CLIENTS = 32
PERSONS = 6


@pytest.fixture
def secret() -> str:
    return new_secret()


@pytest.fixture
def locality(tmp_path: Path, postgres_url: str, secret: str) -> Locality:
    surgery = f'scopes = ["system/*.crs"]\nwebhook_secret = "{secret}"'
    store = f'\n[store]\nurl = "{postgres_url}"\nreaders = 4\n'
    return Locality.make(tmp_path, SETTINGS.replace('scopes = ["system/*.rs"]', surgery) + MORE_SETTINGS + store)


@contextmanager
def two_hubs(locality: Locality) -> Iterator[tuple[HubProcess, HubProcess]]:
    with running_hub(locality) as first, running_hub(locality) as second:
        yield first, second


async def test_thirty_two_clients_of_two_hubs_make_each_person_once(locality: Locality) -> None:
    with two_hubs(locality) as (first, second):
        async with caller(first) as one, caller(second) as other:

            async def client(number: int) -> list[Any]:
                hub = (one, other)[number % 2]
                return [
                    await hub(
                        "POST", "Patient", identified(str(person)), If_None_Exist=f"identifier={NHS_NUMBER}|{person}"
                    )
                    for person in range(PERSONS)
                ]

            answers = [answer for each in await asyncio.gather(*map(client, range(CLIENTS))) for answer in each]
            assert Counter(answer.status for answer in answers) == {201: PERSONS, 200: PERSONS * (CLIENTS - 1)}
            for hub in (one, other):
                found = await hub("GET", "Patient?_count=1000")
                numbers = Counter(entry["resource"]["identifier"][0]["value"] for entry in found.json["entry"])
                assert numbers == {str(person): 1 for person in range(PERSONS)}
            await _one_of_many_updates_wins(one, other, found.json["entry"][0]["resource"])


async def _one_of_many_updates_wins(one: Any, other: Any, patient: dict[str, Any]) -> None:
    """Whoever sends the version that it has read wins once; the others are told."""
    updates = [
        (one, other)[number % 2](
            "PUT",
            f"Patient/{patient['id']}",
            {**patient, "gender": "other"},
            If_Match=f'W/"{patient["meta"]["versionId"]}"',
        )
        for number in range(8)
    ]
    statuses = Counter(answer.status for answer in await asyncio.gather(*updates))
    assert statuses == {200: 1, 412: 7}


def are_dealt_out(url: str) -> bool:
    """Whether each of two hubs has the lanes that fall to it."""
    with psycopg.connect(url) as connection:
        holders: dict[str, str] = dict(connection.execute("SELECT name, holder FROM lease").fetchall())
    present = [holder for name, holder in holders.items() if name.startswith(PRESENCE)]
    held = [holders.get(f"{LANES}{shard}") for shard in range(SHARDS)]
    return len(present) == 2 and held == [_falls_to(shard, present) for shard in range(SHARDS)]


@pytest.mark.parametrize("dies", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_a_subscriber_of_two_hubs_is_told_once_also_when_one_dies(
    locality: Locality, postgres_url: str, secret: str, dies: bool
) -> None:
    async with receiving(secret) as receiver:
        with two_hubs(locality) as (first, second):
            # Who is told just while a lane changes hands may be told twice.
            await becomes(lambda: are_dealt_out(postgres_url))
            await _subscribe(first, receiver)
            expected = [await _discharge(hub) for hub in (first, second, first, second)]
            await eventually(lambda: _has_all(receiver, expected))
            await asyncio.sleep(1)
            assert [focus for _, focus in receiver.events()] == expected, "somebody was told twice, or out of order"
            if dies:
                first.stop(signal.SIGKILL)
            expected.append(await _discharge(second))
            await eventually(lambda: _has_all(receiver, expected))
            assert [focus for _, focus in receiver.events()] == expected
