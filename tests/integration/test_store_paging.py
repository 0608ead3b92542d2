"""Pages while others write: each search, whatever it sorts by, is answered as of its first page."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, observation, opened, patient, searching

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.search import Query, SearchParameters
from careloom.store import Repository, Turn

KINDS = ("8867-4", "8310-5", "9279-1")
SEARCHES = {
    "newest first": ("Observation", []),
    "by code, newest first": ("Observation", [("code", KINDS[0])]),
    "by date": ("Observation", [("_sort", "date")]),
    "by date and code": ("Observation", [("_sort", "-date,code")]),
    "by code and date": ("Observation", [("_sort", "code,-date,_id")]),
    "by name and birth date": ("Patient", [("_sort", "family,-birthdate")]),
    "chained": ("Observation", [("subject:Patient.gender", "male"), ("_sort", "date")]),
    "of the whole system": ("", [("_type", "Patient,Observation"), ("_sort", "-_id")]),
}


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


@pytest.fixture
async def repository(tmp_path: Path, registry: SearchParameters) -> AsyncIterator[Repository]:
    async with opened("sqlite", tmp_path, registry) as store:
        await store.commit(fill)
        yield store


def fill(turn: Turn) -> None:
    """Four hundred changes."""
    for number in range(400):
        change(turn, random.Random(number))


def change(turn: Turn, chance: random.Random) -> None:
    """Write, write again or delete one of two hundred resources."""
    number = chance.randrange(100)
    if chance.random() < 0.3:
        family, birth = chance.choice(["Smith", "Jones", "Patel"]), f"19{chance.randint(30, 99)}-01-01"
        turn.update(patient(id=f"p{number}", gender="male", name=[{"family": family}], birthDate=birth))
    elif chance.random() < 0.2:
        turn.delete("Observation", f"o{number}")
    else:
        code = {"coding": [{"system": "http://loinc.org", "code": chance.choice(KINDS)}]}
        date = f"2026-{chance.randint(1, 12):02}-01"
        subject = {"reference": f"Patient/p{chance.randrange(100)}"}
        turn.update(observation(id=f"o{number}", code=code, effectiveDateTime=date, subject=subject))


@pytest.mark.parametrize("name", SEARCHES)
async def test_nothing_is_missed_or_comes_twice_while_others_write(
    repository: Repository, query: Callable[..., Query], name: str
) -> None:
    type, parameters = SEARCHES[name]
    is_over = asyncio.Event()

    async def write(seed: int) -> None:
        chance = random.Random(seed)
        while not is_over.is_set():
            await repository.commit(lambda turn: change(turn, chance))

    writers = [asyncio.create_task(write(seed)) for seed in range(3)]
    try:
        for _ in range(3):
            await check_pages(repository, query(type, *parameters, ("_count", "7"), ("_total", "accurate")))
    finally:
        is_over.set()
        await asyncio.gather(*writers)


async def check_pages(repository: Repository, asked: Query) -> None:
    """Turn all pages, then ask again for the first with everything on it: as of the same moment they are the same."""
    first = await repository.search(asked)
    found, page = list(first.matches), first
    while page.next:
        page = await repository.search(replace(asked, page=page.next))
        found += page.matches
        assert page.total == first.total
    assert len(found) == first.total
    assert len({version.reference for version in found}) == len(found)
    if first.next:
        rest = await repository.search(replace(asked, page=first.next, count=1_000))
        assert list(rest.matches) == found[len(first.matches) :]


async def test_a_link_that_was_tampered_with_is_refused(repository: Repository, query: Callable[..., Query]) -> None:
    asked = query("Observation", ("_sort", "date"), ("_count", "5"))
    token = (await repository.search(asked)).next
    assert token is not None
    for at in range(0, len(token), 7):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(InvalidError):
            await repository.search(replace(asked, page=changed))
    with pytest.raises(InvalidError):
        await repository.search(replace(query("Observation", ("_count", "5")), page=token))
