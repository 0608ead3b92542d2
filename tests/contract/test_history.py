"""History of a type and of everything, on every store."""

from datetime import timedelta

import pytest
from tests.contract.stores import SteppingClock

from careloom.model.resource import Resource
from careloom.store import HistoryQuery, Repository, Turn, Version


def _patient(id: str, family: str) -> Resource:
    return {"resourceType": "Patient", "id": id, "name": [{"family": family}]}


def _told(versions: tuple[Version, ...]) -> list[str]:
    return [f"{version.reference}/{version.version_id} {version.interaction}" for version in versions]


ALL = [
    "Organization/o/1 create",
    "Patient/p/3 delete",
    "Patient/q/1 create",
    "Patient/p/2 update",
    "Patient/p/1 create",
]


@pytest.fixture
async def recorded(repository: Repository, clock: SteppingClock) -> Repository:
    def one_by_one(turn: Turn) -> None:
        turn.update(_patient("p", "Ashe"))
        turn.update(_patient("p", "Birch"))
        turn.update(_patient("q", "Cedar"))
        turn.delete("Patient", "p")
        turn.update({"resourceType": "Organization", "id": "o", "name": "O"})

    await repository.commit(one_by_one)
    return repository


async def test_of_a_version_it_is_known_where_the_unit_ends_that_wrote_it(recorded: Repository) -> None:
    alone = await recorded.commit(lambda turn: turn.update(_patient("r", "Dale")))
    versions = (await recorded.history(HistoryQuery(ascending=True))).versions
    together = [version.sequence for version in versions if version.sequence != alone.sequence]
    assert len(together) == len(ALL)
    assert {await recorded.unit_end(each) for each in together} == {together[-1]}
    assert await recorded.unit_end(alone.sequence) == alone.sequence


async def test_everything_is_told_newest_first_with_deletions(recorded: Repository) -> None:
    page = await recorded.history(HistoryQuery())
    assert (_told(page.versions), page.next) == (ALL, None)
    deletion, update = page.versions[1], page.versions[3]
    assert deletion.resource is None
    assert update.resource is not None and update.resource["name"] == [{"family": "Birch"}]
    assert update.resource["meta"]["versionId"] == "2"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (HistoryQuery(types=("Patient",)), ALL[1:]),
        (HistoryQuery(types=("Organization", "Patient")), ALL),
        (HistoryQuery(types=("Patient",), id="p"), [ALL[1], *ALL[3:]]),
        (HistoryQuery(types=("Patient",), id="none"), []),
        (HistoryQuery(types=("Device",)), []),
        (HistoryQuery(types=()), []),
        (HistoryQuery(ascending=True), ALL[::-1]),
    ],
    ids=["type", "types", "resource", "unknown", "type-without-any", "no-type", "oldest-first"],
)
async def test_what_is_asked_for_is_told(recorded: Repository, query: HistoryQuery, expected: list[str]) -> None:
    assert _told((await recorded.history(query)).versions) == expected


@pytest.mark.parametrize("ascending", [False, True])
async def test_pages_follow_each_other_while_others_write(recorded: Repository, ascending: bool) -> None:
    found: list[str] = []
    beyond = None
    for number in range(10):
        page = await recorded.history(HistoryQuery(ascending=ascending, count=2, beyond=beyond))
        found += _told(page.versions)
        await recorded.commit(lambda turn, n=number: turn.update(_patient(f"new-{n}", "X")))  # type: ignore[misc]
        beyond = page.next
        if beyond is None or len(found) >= len(ALL):
            break
    assert found[: len(ALL)] == (ALL[::-1] if ascending else ALL)


async def test_period_bounds_what_is_told(repository: Repository, clock: SteppingClock) -> None:
    first = await repository.commit(lambda turn: turn.update(_patient("p", "Ashe")))
    clock.step(seconds=1)
    second = await repository.commit(lambda turn: turn.update(_patient("p", "Birch")))
    tick = timedelta(microseconds=1)

    async def told(query: HistoryQuery) -> list[str]:
        return [version.version_id for version in (await repository.history(query)).versions]

    assert first.last_updated < second.last_updated
    assert await told(HistoryQuery(since=second.last_updated)) == ["2"]
    assert await told(HistoryQuery(since=first.last_updated)) == ["2", "1"]
    assert await told(HistoryQuery(start=first.last_updated, end=first.last_updated + tick)) == ["1"]
    assert await told(HistoryQuery(start=second.last_updated + tick, end=second.last_updated + 2 * tick)) == ["2"]
    assert await told(HistoryQuery(start=first.last_updated, end=second.last_updated + tick)) == ["2", "1"]
    assert await told(HistoryQuery(start=first.last_updated - 2 * tick, end=first.last_updated)) == []
