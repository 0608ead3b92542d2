"""Contents of one tenant under versions of another are found by a check, and told from an index that is wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import BASE_URL, SteppingClock, observation, patient
from tests.postgres import Server

from careloom.definitions import Definitions
from careloom.model.instants import Clock, utc_now
from careloom.search import SearchParameters
from careloom.store import Repository, Turn
from careloom.store.source import StoreSource
from careloom.store.upkeep import Report, check, opened, snapshot
from careloom.store.upkeep.strangers import STRANGE, UNTOLD

TENANTS = {"north": "Northern", "south": "Southern"}

STOLEN = """
UPDATE body SET bytes = (SELECT b.bytes FROM body AS b JOIN version AS v ON v.tenant = b.tenant AND v.vid = b.vid
                         JOIN head AS h ON h.tenant = v.tenant AND h.rid = v.rid
                         WHERE h.id = 'p1' AND v.tenant = 2 AND v.ver = 1)
WHERE tenant = 1 AND vid = (SELECT v.vid FROM version AS v JOIN head AS h ON h.tenant = v.tenant AND h.rid = v.rid
                            WHERE h.id = '{id}' AND v.tenant = 1 AND v.ver = {ver})
"""
"""The first version of a patient of the second tenant becomes the content of a version of the first."""

WRONG_SHAPE = "a list of parameters that is not that of the content"
NO_ROWS = (
    "DELETE FROM {table} WHERE tenant = {tenant} "
    "AND vid IN (SELECT vid FROM version WHERE tenant = {tenant} AND valid_to IS NOT NULL)"
)
TABLES = ("tok", "str", "ref", "dat")


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(params=["sqlite", "postgresql"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSource:
    if request.param == "sqlite":
        return StoreSource(f"sqlite:///{tmp_path}/hub.db")
    server: Server = request.getfixturevalue("postgres")
    return StoreSource(server.database_of(tmp_path))


@pytest.fixture
async def tenants(source: StoreSource, registry: SearchParameters) -> StoreSource:
    """Two of them in one database, whose versions have the same numbers on PostgreSQL."""
    await write(source, registry, lambda name: content(TENANTS[name]))
    return source


async def write(
    source: StoreSource, registry: SearchParameters, of: Callable[[str], Mapping[str, Any]], clock: Clock | None = None
) -> None:
    clock = clock or SteppingClock()
    for name in TENANTS:
        repository = await source.open(tenant=name, parameters=registry, clock=clock)
        await fill(repository, of(name))
        await repository.close()


def content(family: str) -> dict[str, Any]:
    return {"name": [{"family": family, "given": ["Amina"]}], "gender": "female", "active": True}


async def fill(repository: Repository, elements: Mapping[str, Any]) -> None:
    """Three patients and an observation, which is changed later, as one patient is."""

    def work(turn: Turn) -> None:
        for number in range(3):
            turn.create(patient(**elements, birthDate=f"200{number}"), id=f"p{number}")
        turn.create(observation(valueString=elements["name"][0]["family"]), id="o")

    await repository.commit(work)
    await repository.commit(lambda turn: turn.update(patient(id="p1", gender="male")))
    await repository.commit(lambda turn: turn.update(observation(id="o", status="amended")))


def harmed(source: StoreSource, *statements: str) -> None:
    with opened(source) as database:
        for statement in statements:
            if not statement.startswith("DELETE FROM tok "):
                database.connection.execute(statement)
                continue
            found = statement.replace("DELETE", "SELECT tenant, h, vid, sys", 1)
            if rows := database.connection.execute(found).fetchall():
                database.dialect.remove(database.connection, "tok", rows)


def checked(source: StoreSource, registry: SearchParameters) -> Report:
    with snapshot(source) as database:
        return check(database, registry)


def pruned(tenant: int) -> list[str]:
    """Statements by which closed versions lose their index rows."""
    return [NO_ROWS.format(table=table, tenant=tenant) for table in TABLES]


def told(report: Report) -> list[tuple[str, str]]:
    return [(finding.kind, finding.where) for finding in report.findings]


async def test_two_tenants_that_have_the_same_are_sound(source: StoreSource, registry: SearchParameters) -> None:
    await write(source, registry, lambda name: content("Same"))
    assert told(checked(source, registry)) == []


@pytest.mark.parametrize(("id", "ver"), [("p0", 1), ("o", 2)])
async def test_a_content_of_another_tenant_is_named_and_is_no_fault_of_the_index(
    tenants: StoreSource, registry: SearchParameters, id: str, ver: int
) -> None:
    assert told(checked(tenants, registry)) == []
    harmed(tenants, STOLEN.format(id=id, ver=ver))
    type = "Observation" if id == "o" else "Patient"
    where = f"tenant north, {type}/{id} version {ver}: as in tenant south"
    assert told(checked(tenants, registry)) == [(STRANGE, where)]


async def test_nobody_is_named_where_the_other_is_not_found_by_it_either(
    tenants: StoreSource, registry: SearchParameters
) -> None:
    """Of a closed version no index row is left."""
    harmed(tenants, STOLEN.format(id="p1", ver=2), *pruned(2))
    kinds = set(checked(tenants, registry).counts)
    assert WRONG_SHAPE in kinds
    assert STRANGE not in kinds


@pytest.mark.parametrize("lost", ["DELETE FROM str WHERE tenant = 1", "UPDATE version SET shape = 0 WHERE tenant > 0"])
async def test_an_index_that_is_wrong_is_that_whoever_has_the_content(
    source: StoreSource, registry: SearchParameters, lost: str
) -> None:
    """Rows that are missing, and those of former definitions, by which no tenant is found any more."""
    await write(source, registry, lambda name: content("Same"), utc_now)
    harmed(source, lost)
    kinds = set(checked(source, registry).counts)
    assert kinds <= {"rows of str that are not those of the content", WRONG_SHAPE}
    assert kinds


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_a_closed_version_is_looked_at_if_another_tenant_has_its_number(
    tenants: StoreSource, registry: SearchParameters
) -> None:
    harmed(tenants, STOLEN.format(id="p1", ver=1))
    where = "tenant north, Patient/p1 version 1: as in tenant south"
    assert told(checked(tenants, registry)) == [(STRANGE, where)]


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_of_a_closed_version_without_index_rows_it_is_told_that_nothing_tells(
    tenants: StoreSource, registry: SearchParameters
) -> None:
    harmed(tenants, STOLEN.format(id="p1", ver=1), *pruned(1))
    where = "tenant north, Patient/p1 version 1: as in tenant south"
    assert told(checked(tenants, registry)) == [(UNTOLD, where)]


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_a_closed_version_of_another_type_is_named_without_index_rows(
    tenants: StoreSource, registry: SearchParameters
) -> None:
    harmed(tenants, STOLEN.format(id="o", ver=1), *pruned(1))
    where = "tenant north, Observation/o version 1: as in tenant south"
    assert told(checked(tenants, registry)) == [(STRANGE, where)]


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_the_number_tells_where_the_owner_has_no_index_rows(
    tenants: StoreSource, registry: SearchParameters
) -> None:
    """And then nobody doubts the owner."""
    harmed(tenants, STOLEN.format(id="p1", ver=1), *pruned(2))
    where = "tenant north, Patient/p1 version 1: as in tenant south"
    assert told(checked(tenants, registry)) == [(STRANGE, where)]


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_a_closed_version_is_not_doubted_for_what_others_have_under_other_numbers(
    tenants: StoreSource, registry: SearchParameters
) -> None:
    """The first tenant's `p0` has what the closed version of the second had, which has lost its index rows."""
    harmed(tenants, STOLEN.format(id="p0", ver=1), *pruned(2))
    assert UNTOLD not in checked(tenants, registry).counts


@pytest.mark.parametrize("tenant", [1, 2])
async def test_a_content_without_a_version_is_told_of_as_that(
    tenants: StoreSource, registry: SearchParameters, tenant: int
) -> None:
    """Be it that of the one or of the other."""
    first = f"SELECT vid FROM version WHERE tenant = {tenant} AND valid_to IS NULL ORDER BY vid LIMIT 1"
    copied = STOLEN.replace("'p1'", "'p0'").format(id="p0", ver=1)
    harmed(tenants, copied, f"DELETE FROM version WHERE tenant = {tenant} AND vid = ({first})")
    assert "content without a version, or of a deletion" in checked(tenants, registry).counts
