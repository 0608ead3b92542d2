"""Tenants that share a database of PostgreSQL, where what one has written may have the numbers of what another has."""

from collections.abc import AsyncIterator

import pytest
from tests.contract.stores import BASE_URL, SteppingClock, patient
from tests.patience import becomes

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import Turn, bodies
from careloom.store.postgres import PostgresRepository, open_postgres, server_of
from careloom.store.source import StoreSource
from careloom.store.sql import training
from careloom.store.upkeep import check, snapshot
from careloom.store.upkeep.strangers import STRANGE

COUNT = 300


@pytest.fixture
async def tenants(postgres_url: str, definitions: Definitions) -> AsyncIterator[list[PostgresRepository]]:
    """Two whose clocks show the same, so that their versions have the same numbers."""
    registry, clock = SearchParameters(definitions, base_url=BASE_URL), SteppingClock()
    opened = [
        await open_postgres(server_of(postgres_url), tenant=name, parameters=registry, clock=clock)
        for name in ("north", "south")
    ]
    yield opened
    for each in opened:
        await each.close()


async def write(repository: PostgresRepository, family: str) -> None:
    def work(turn: Turn) -> None:
        for number in range(COUNT):
            turn.create(patient(name=[{"family": f"{family} {number}"}], gender="female"), id=f"p{number}")

    await repository.commit(work)


async def test_bodies_that_are_packed_anew_stay_those_of_their_tenant(
    tenants: list[PostgresRepository], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "FIRST_AFTER", 10 * COUNT)
    for tenant, family in zip(tenants, ("North", "South"), strict=True):
        await write(tenant, family)
    changes = [[(each.sequence, each.id) for each in await tenant.changes(0, COUNT)] for tenant in tenants]
    assert changes[0] == changes[1]
    for tenant in tenants:
        await packed_anew(tenant)
    for tenant, family in zip(tenants, ("North", "South"), strict=True):
        for number in range(COUNT):
            found = await tenant.read("Patient", f"p{number}")
            assert found is not None and found.resource is not None
            assert found.resource["name"] == [{"family": f"{family} {number}"}]


JOINED = "JOIN body ON body.tenant = version.tenant AND body.vid = version.vid"


async def test_bodies_that_earlier_releases_have_mixed_up_are_found_by_a_check(
    tenants: list[PostgresRepository], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They joined bodies by their numbers alone, and the last of those with one number was taken."""
    statement = training._SQL["plain_bodies"]
    assert JOINED in statement
    mixing = statement.replace(JOINED, "JOIN body ON body.tenant <> version.tenant AND body.vid = version.vid")
    monkeypatch.setattr(training, "_SQL", {**training._SQL, "plain_bodies": mixing})
    monkeypatch.setattr(bodies, "FIRST_AFTER", 10 * COUNT)
    for tenant, family in zip(tenants, ("North", "South"), strict=True):
        await write(tenant, family)
    await packed_anew(tenants[0])
    read = [await tenants[0].read("Patient", f"p{number}") for number in range(COUNT)]
    mixed = sum(1 for each in read if each and "South" in str(each.resource))
    with snapshot(StoreSource(postgres_url)) as database:
        report = check(database, tenants[0].parameters)
    assert report.counts == {STRANGE: mixed}
    assert mixed > 0
    assert report.findings[0].where.startswith("tenant north, Patient/p")
    assert "South" not in str(report.findings)


async def packed_anew(tenant: PostgresRepository) -> None:
    """Have the dictionary of a type made, and its bodies packed by it."""
    tenant._tenancy.bodies.dictionaries._due["Patient"] = None
    trainer = tenant._trainer
    trainer.wake()
    await becomes(lambda: trainer._task is not None and trainer._task.done())
    assert "Patient" in tenant._tenancy.bodies.dictionaries.by_type
