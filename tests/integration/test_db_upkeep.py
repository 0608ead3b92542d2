"""Backup, restore, move, check and reindex, on both kinds of database and between them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, audit, audited, create, identified, observation, patient, searching
from tests.postgres import Server

from careloom.definitions import Definitions
from careloom.model.errors import ConflictError, InvalidError, MalformedError, NotFoundError, UnavailableError
from careloom.model.instants import utc_now
from careloom.model.json import parse_json
from careloom.search import Query, SearchParameters
from careloom.store import Cursor, Match, Repository
from careloom.store.postgres.blocks import KEPT_IN
from careloom.store.source import StoreSource
from careloom.store.upkeep import (
    Report,
    alone,
    back_up,
    check,
    move,
    opened,
    reindex,
    restore,
    snapshot,
    status,
    upgrade,
    vacant,
)
from careloom.store.upkeep.tables import TABLES

KINDS = ("sqlite", "postgresql")
LONG = "Ünïcode 😀 " * 100
QUANTITY = b'{"value": 1.50, "system": "http://unitsofmeasure.org", "code": "mg"}'
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

Source = Callable[[str, str], StoreSource]


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture
def source(tmp_path: Path, postgres: Server) -> Source:
    """An empty database of a kind by a name of its own."""

    def make(kind: str, name: str) -> StoreSource:
        if kind == "sqlite":
            return StoreSource(f"sqlite:///{tmp_path / name}.db")
        return StoreSource(postgres.database_of(tmp_path / name))

    return make


@pytest.fixture(params=KINDS)
async def filled(request: pytest.FixtureRequest, source: Source, registry: SearchParameters) -> StoreSource:
    """A database with a bit of everything in it, closed."""
    chosen = source(request.param, "filled")
    repository = await chosen.open(tenant="north", parameters=registry)
    await fill(repository)
    await repository.close()
    return chosen


async def fill(repository: Repository) -> None:
    await create(
        repository,
        *(identified(str(number), id=f"p{number}", name=[{"family": f"F{number:03}"}]) for number in range(30)),
    )
    await create(
        repository,
        patient(
            id="odd",
            name=[{"family": "a\x00b"}, {"text": LONG}],
            text={"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>seen it</div>"},
        ),
        observation(id="o", subject={"reference": "Patient/p1"}, valueQuantity=parse_json(QUANTITY)),
    )
    await create_labelled(repository)
    await repository.commit(lambda turn: turn.update(identified("1", id="p1", active=True)), cause="someone")
    await repository.commit(lambda turn: turn.delete("Patient", "p2"))
    await audit(repository, *(audited(f"a{number}", client=("gp", "epr")[number % 2]) for number in range(6)))
    await repository.commit(lambda turn: turn.once("jti", "seen", datetime(2100, 1, 1, tzinfo=UTC)))
    last = (await repository.changes(0, 1000))[-1]
    await repository.events.record_matches(last.sequence, [Match("s", last.sequence, "urn:t", "Patient/p1", "2", NOW)])
    await repository.events.save_cursor(Cursor("s", next_at=NOW, status="active"))


async def create_labelled(repository: Repository) -> None:
    """One that is made ready before its turn, and one that is written again as it was read, with its instant."""
    tagged = patient(meta={"tag": [{"system": "urn:tags", "code": "seen"}]})
    prepared = repository.prepare(tagged, id="prepared")
    await repository.commit(lambda turn: turn.create(prepared))
    made = await repository.commit(lambda turn: turn.create(tagged, id="as-read"))
    assert made.resource is not None and "lastUpdated" in made.resource["meta"]
    as_read = {**made.resource, "active": True}
    await repository.commit(lambda turn: turn.update(as_read))


async def told(repository: Repository, query: Callable[..., Query]) -> list[object]:
    """What a record answers, in a form that two databases can be compared by."""
    searches = [
        query("Patient", ("_count", "100")),
        query("Patient", ("family", "F01")),
        query("Patient", ("_text", "seen")),
        query("Patient", ("name:exact", LONG.strip())),
        query("AuditEvent", ("agent:identifier", "urn:clients|gp")),
        query("AuditEvent", ("agent-name", "name of e"), ("entity:identifier", "request-a3")),
        query("AuditEvent", ("subtype:text", "read")),
        query("AuditEvent", ("outcome:not", "8")),
        query("Observation", ("value-quantity", "1.50|http://unitsofmeasure.org|mg")),
    ]
    changes = await repository.changes(0, 1000)
    return [
        *[list((await repository.search(each)).matches) for each in searches],
        [await repository.vread("Patient", "p1", number) for number in ("1", "2", "3")],
        await repository.read("Patient", "p2"),
        changes,
        await repository.events.recover(),
        await repository.commit(lambda turn: turn.once("jti", "seen", NOW)),
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_backup_restores_on_either_database(
    filled: StoreSource, kind: str, source: Source, registry: SearchParameters, tmp_path: Path
) -> None:
    query = searching(registry)
    with snapshot(filled) as database:
        written = back_up(database, tmp_path / "backup", utc_now)
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    again = source(kind, "again")
    with vacant(again, registry) as database:
        assert restore(tmp_path / "backup", database, registry) == written
    first = await filled.open(tenant="north", parameters=registry)
    second = await again.open(tenant="north", parameters=registry)
    try:
        assert await told(second, query) == await told(first, query)
        [made] = await create(second, patient())
        assert made.sequence > (await first.changes(0, 1000))[-1].sequence
    finally:
        await first.close()
        await second.close()
    with snapshot(again) as database:
        assert check(database, registry).counts == {}


async def test_pages_begun_before_a_move_go_on_behind_it(
    filled: StoreSource, source: Source, registry: SearchParameters
) -> None:
    target = source("postgresql" if filled.is_sqlite else "sqlite", "target")
    query = searching(registry)("Patient", ("_count", "10"), ("_sort", "family"))
    repository = await filled.open(tenant="north", parameters=registry)
    first = await repository.search(query)
    expected = (await repository.search(replace(query, page=first.next))).matches
    await repository.close()
    with alone(filled), snapshot(filled) as old, vacant(target, registry) as new:
        move(old, new, registry)
    moved = await target.open(tenant="north", parameters=registry)
    found = (await moved.search(replace(query, page=first.next))).matches
    await moved.close()
    assert found == expected != ()


async def test_nothing_is_there_when_a_move_fails_half_way(
    filled: StoreSource, source: Source, registry: SearchParameters
) -> None:
    target = source("postgresql", "target")

    class Broken:
        kind, place = "broken", "nowhere"

        def rows(self, table: object) -> object:
            rows = islice(old.rows(table), 20)  # type: ignore[arg-type]
            yield from rows
            if getattr(table, "name", "") == "version":
                raise UnavailableError("nowhere: is gone")

    with snapshot(filled) as old, pytest.raises(UnavailableError, match="gone"), vacant(target, registry) as new:
        move(Broken(), new, registry)  # type: ignore[arg-type]
    assert status(target).tenants == ()
    with snapshot(filled) as old, vacant(target, registry) as new:
        move(old, new, registry)
    assert [tenant.name for tenant in status(target).tenants] == ["north"]


async def test_a_database_with_a_record_in_it_is_never_filled(
    filled: StoreSource, registry: SearchParameters, tmp_path: Path
) -> None:
    with snapshot(filled) as database:
        back_up(database, tmp_path / "backup", utc_now)
    with pytest.raises(ConflictError), vacant(filled, registry):
        pass


@pytest.mark.parametrize("harm", ["cut off", "changed", "another file"])
async def test_a_damaged_backup_is_refused_and_leaves_nothing(
    filled: StoreSource, source: Source, registry: SearchParameters, tmp_path: Path, harm: str
) -> None:
    file = tmp_path / "backup"
    with snapshot(filled) as database:
        back_up(database, file, utc_now)
    whole = file.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    file.write_bytes({"cut off": whole[:-40], "changed": changed, "another file": b"{}"}[harm])
    target = source("postgresql", "target")
    with pytest.raises(MalformedError, match="backup"), vacant(target, registry) as database:
        restore(file, database, registry)
    assert status(target).tenants == ()


async def test_what_is_missing_cannot_be_looked_after(source: Source, registry: SearchParameters) -> None:
    for kind in KINDS:
        with pytest.raises((NotFoundError, InvalidError)), snapshot(source(kind, "nothing")):
            pass


HARMS = {
    "rows of tok that are not those of the content": "DELETE FROM tok WHERE vid = (SELECT max(vid) FROM tok)",
    "rows of str that are not those of the content": "DELETE FROM str WHERE vid = (SELECT max(vid) FROM str)",
    "a row of dat that belongs to no version and no frame": "INSERT INTO dat (tenant, p, low, high, vid) "
    "VALUES (1, 1, 1, 2, 3)",
    "rows of tok that are not those of the frame": "DELETE FROM tok WHERE vid = (SELECT max(frame) FROM version)",
    "a frame that is not that of the content": "UPDATE version SET frame = (SELECT max(frame) FROM version) "
    "WHERE frame > 0",
    "a version without content": "DELETE FROM body WHERE vid = (SELECT max(vid) FROM body)",
    "a version that does not end with the one that follows it": "UPDATE version SET valid_to = 7 WHERE valid_to > 7",
    "a resource whose newest version is missing, closed or another one": "UPDATE head SET ver = 7 WHERE id = 'p5'",
    "a change of a version that is missing": "INSERT INTO change_log (tenant, position, vid) VALUES (1, 5, 5)",
    "a content that cannot be read": "UPDATE body SET dictionary = 77 WHERE vid = (SELECT max(vid) FROM body)",
}


@pytest.mark.parametrize("kind", HARMS)
async def test_a_check_finds_what_does_not_fit(filled: StoreSource, registry: SearchParameters, kind: str) -> None:
    with opened(filled) as database:
        database.connection.execute(HARMS[kind].replace(" tok", f" {kept_in('tok', filled)}"))
    assert kind in checked(filled, registry).counts


async def test_a_sound_record_is_found_sound(filled: StoreSource, registry: SearchParameters) -> None:
    report = checked(filled, registry)
    assert report.counts == {}
    assert report.versions > 30


async def test_reindexing_makes_the_index_what_it_should_be(filled: StoreSource, registry: SearchParameters) -> None:
    with opened(filled) as database:
        for table in (kept_in("tok", filled), "str", "ref"):
            database.connection.execute(f"DELETE FROM {table}")
    assert not checked(filled, registry).is_sound
    with alone(filled), opened(filled) as database:
        assert reindex(database, registry) > 30
    assert checked(filled, registry).counts == {}
    repository = await filled.open(tenant="north", parameters=registry)
    query = searching(registry)
    assert len((await repository.search(query("Patient", ("family", "F01")))).matches) == 10
    assert len((await repository.search(query("Patient", ("_text", "seen")))).matches) == 1
    await repository.close()


async def test_status_tells_what_is_there(filled: StoreSource, registry: SearchParameters) -> None:
    found = status(filled)
    assert [(tenant.name, tenant.resources) for tenant in found.tenants] == [("north", 39)]
    assert found.missing == ()
    assert upgrade(filled, registry) == ()
    assert found.size > 10_000


def kept_in(table: str, source: StoreSource) -> str:
    """The table that holds the rows, where those by its name are made of them."""
    return table if source.is_sqlite else KEPT_IN.get(table, table)


def checked(source: StoreSource, registry: SearchParameters) -> Report:
    with snapshot(source) as database:
        return check(database, registry)


NOT_CARRIED = {"fts", "lease", "migration", "writer", *KEPT_IN.values()}
"""Made again from the contents, of a process, of the database, and what is carried row by row."""


async def test_every_table_and_column_is_carried(filled: StoreSource) -> None:
    carried = {(table.name, column) for table in TABLES for column in table.columns}
    with snapshot(filled) as database:
        if filled.is_sqlite:
            select = (
                "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c "
                "WHERE t.type = 'table' AND t.name NOT LIKE 'fts%' AND t.name NOT LIKE 'sqlite%'"
            )
        else:
            select = (
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                "AND column_name <> 'block'"
            )
        found = {(table, column) for table, column in database.stream(select) if table not in NOT_CARRIED}
    assert found == carried
