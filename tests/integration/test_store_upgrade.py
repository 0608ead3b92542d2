"""Databases of earlier schemas, with a record in them, opened by this release."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.contract.stores import BASE_URL, opened, searching

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.search import Query, SearchParameters
from careloom.store import Version
from careloom.store.history import HistoryQuery
from careloom.store.ids import first_sequence, recorded_at
from careloom.store.postgres import migrations as postgres
from careloom.store.postgres import server_of
from careloom.store.postgres.connection import connect_plain
from careloom.store.postgres.dialect import append_rows
from careloom.store.recording import stamped
from careloom.store.source import StoreSource
from careloom.store.sqlite import SqliteRepository
from careloom.store.sqlite.migrations import migrate, migrations
from careloom.store.upkeep import check, snapshot
from careloom.synth import population

NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
CAUSE = "acute-epr"


class OldRecord:
    """Writes rows as the first schema had them; postings are left out, since an upgrade makes them anew."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        migrate(self._connection, path, lambda: NOW, migrations()[:1])
        self._connection.execute("INSERT INTO tenant (name, secret) VALUES ('north', zeroblob(32))")
        self._names: dict[str, int] = {}
        self._heads: dict[tuple[str, str], tuple[int, int]] = {}
        self._vid = first_sequence(NOW)

    def put(self, type: str, id: str, resource: dict[str, Any] | None) -> Version:
        """One unit with one version, with its row of the change log."""
        self._vid += 1
        ver, before = self._heads.get((type, id), (0, 0))
        op = 2 if resource is None else 1 if ver else 0
        number = self._name(type)
        key = {"vid": self._vid, "type": number, "id": id, "ver": ver + 1, "op": op}
        self._run("INSERT INTO tx VALUES (1, :vid, :cause)", vid=self._vid, cause=CAUSE)
        self._run("UPDATE version SET valid_to = :vid WHERE vid = :before", vid=self._vid, before=before)
        self._run("INSERT OR REPLACE INTO head VALUES (1, :type, :id, :vid, :ver, :op)", **key)
        self._run("INSERT INTO version VALUES (1, :vid, :type, :id, :ver, :op, NULL, :vid, ',')", **key)
        self._run("INSERT INTO change_log VALUES (1, :vid, :previous)", vid=self._vid, previous=ver or None)
        stored = None if resource is None else stamped(resource, id, str(ver + 1), recorded_at(self._vid))
        if stored is not None:
            packed = zstandard.ZstdCompressor(level=3).compress(serialize_json(stored))
            self._run("INSERT INTO body VALUES (:vid, 1, 0, :packed)", vid=self._vid, packed=packed)
        self._heads[type, id] = ver + 1, self._vid
        interaction = ("create", "update", "delete")[op]
        return Version(type, id, str(ver + 1), recorded_at(self._vid), interaction, stored, self._vid)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _name(self, text: str) -> int:
        if text not in self._names:
            self._names[text] = len(self._names) + 1
            self._run("INSERT INTO name VALUES (1, :id, :text)", id=self._names[text], text=text)
        return self._names[text]

    def _run(self, sql: str, **values: Any) -> None:
        self._connection.execute(sql, values)


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[tuple[Path, list[Version]]]:
    record = OldRecord(tmp_path / "hub.db")
    resources = list(islice(population(5), 150))
    versions = [record.put(each["resourceType"], each["id"], each) for each in resources]
    versions.append(record.put("Patient", "p1", {**resources[0], "active": False}))
    versions.append(record.put("Patient", "p2", None))
    record.close()
    yield tmp_path, versions


async def test_a_record_of_the_first_schema_is_all_there(
    old: tuple[Path, list[Version]], registry: SearchParameters
) -> None:
    folder, versions = old
    async with opened("sqlite", folder, registry) as repository:
        for version in versions:
            assert await repository.vread(version.type, version.id, version.version_id) == version
        changes = await repository.changes(0, 1_000)
        assert [change.sequence for change in changes] == [version.sequence for version in versions]
        assert {change.cause for change in changes} == {CAUSE}
        assert [change.previous_version_id for change in changes[-2:]] == ["1", "1"]


async def test_it_is_found_as_before(
    old: tuple[Path, list[Version]], registry: SearchParameters, query: Callable[..., Query]
) -> None:
    folder, versions = old
    async with opened("sqlite", folder, registry) as repository:
        found = await repository.search(query("Patient", ("_id", "p1,p2")))
        assert found.matches == (versions[-2],)
        of_patient = await repository.search(query("Observation", ("patient", "Patient/p1"), ("_count", "1000")))
        expected = [
            version
            for version in versions
            if version.type == "Observation"
            and version.resource
            and version.resource["subject"]["reference"] == "Patient/p1"
        ]
        assert of_patient.matches == tuple(reversed(expected))
        active = await repository.search(query("Patient", ("active", "false")))
        assert [version.id for version in active.matches] == ["p1"]


async def test_it_goes_on_where_it_was(old: tuple[Path, list[Version]], registry: SearchParameters) -> None:
    folder, versions = old
    async with opened("sqlite", folder, registry) as repository:
        version = await repository.commit(lambda turn: turn.update({"resourceType": "Patient", "id": "p1"}))
        assert version.version_id == "3"
        assert version.sequence > versions[-1].sequence


async def test_nothing_of_the_old_tables_is_left(old: tuple[Path, list[Version]], registry: SearchParameters) -> None:
    folder, _ = old
    async with opened("sqlite", folder, registry) as repository:
        assert isinstance(repository, SqliteRepository)
    connection = sqlite3.connect(folder / "hub.db")
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    connection.close()
    assert not [name for name in names if name.startswith("old_")]


async def test_an_upgrade_that_fails_leaves_the_old_record(
    old: tuple[Path, list[Version]], registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, versions = old

    def broken(connection: sqlite3.Connection, parameters: SearchParameters) -> None:
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patch:
        patch.setattr("careloom.store.sqlite.rebuilding.complete", broken)
        with pytest.raises(RuntimeError):
            async with opened("sqlite", folder, registry):
                pass
    async with opened("sqlite", folder, registry) as repository:
        assert await repository.vread("Patient", "p1", "2") == versions[-2]


WIDER = """
CREATE TABLE wide_log (
    tenant INTEGER NOT NULL, position INTEGER NOT NULL, vid INTEGER NOT NULL, previous INTEGER,
    PRIMARY KEY (tenant, position)
) WITHOUT ROWID, STRICT;
INSERT INTO wide_log SELECT tenant, position, vid, NULL FROM change_log;
INSERT INTO wide_log
SELECT tenant, vid, vid, CASE WHEN op = 0 THEN NULL ELSE ver - 1 END FROM version WHERE told = 1;
DROP TABLE change_log;
ALTER TABLE wide_log RENAME TO change_log;
ALTER TABLE version DROP COLUMN told;
DROP INDEX version_by_frame;
ALTER TABLE version DROP COLUMN frame;
DROP INDEX version_superseded;
CREATE INDEX version_by_resource ON version (tenant, rid, ver);
INSERT INTO pair SELECT tenant, 77, 1.0, 2.0, vid FROM version WHERE op <> 2;
DELETE FROM migration WHERE number > 4;
"""
"""What the fourth schema had, with rows of composites that are not kept any more."""


@pytest.fixture
async def fourth(tmp_path: Path, registry: SearchParameters) -> tuple[Path, list[Any], list[Version]]:
    """A record in the tables of the fourth schema, its changes, and its observations."""
    resources = list(islice(population(6), 80))
    async with opened("sqlite", tmp_path, registry) as repository:
        await repository.commit(lambda turn: [turn.create(each, id=each["id"]) for each in resources], cause=CAUSE)
        await repository.commit(lambda turn: turn.update({**resources[0], "active": False}))
        await repository.commit(lambda turn: turn.delete("Patient", resources[0]["id"]))
        await repository.commit(lambda turn: turn.create(resources[0], id=resources[0]["id"]))
        crowd = [{"resourceType": "Group", "id": f"g{number}"} for number in range(1_000)]
        await repository.commit(lambda turn: [turn.create(each, id=each["id"]) for each in crowd], size=1_000)
        changes = await repository.changes(0, 5_000)
        kept = await repository.search(searching(registry)("Observation", ("_count", "1000")))
    connection = sqlite3.connect(tmp_path / "hub.db")
    connection.executescript(WIDER)
    connection.close()
    return tmp_path, changes, list(kept.matches)


async def test_a_record_of_the_fourth_schema_is_all_there(
    fourth: tuple[Path, list[Any], list[Version]], registry: SearchParameters, query: Callable[..., Query]
) -> None:
    folder, changes, observations = fourth
    async with opened("sqlite", folder, registry) as repository:
        assert await repository.changes(0, 5_000) == changes
        found = await repository.search(query("Observation", ("_count", "1000")))
        assert list(found.matches) == observations
        [version, *_] = [each for each in observations if "valueQuantity" in (each.resource or {})]
        resource = version.resource or {}
        asked = f"{resource['code']['coding'][0]['code']}${resource['valueQuantity']['value']}"
        by_both = await repository.search(query("Observation", ("code-value-quantity", asked), ("_count", "1000")))
        assert version in by_both.matches
        patient = changes[0].id
        read = [await repository.vread("Patient", patient, number) for number in "1234"]
        assert [each and each.interaction for each in read] == ["create", "update", "delete", "create"]
        history = await repository.history(HistoryQuery(types=("Patient",), id=patient, count=10))
        assert [each.version_id for each in history.versions] == ["4", "3", "2", "1"]


UNITS = [(1, 5, 0, CAUSE), (6, 7, 1, CAUSE), (8, 9, 1, "taken out")]
"""First and last vid, state and cause: one that is seen, one that is being written, and one that is being taken out."""

ENTERED = "INSERT INTO tx (tenant, tx, last, state, cause) VALUES (1, ?, ?, ?, ?)"
KEPT = "SELECT tx, last, state, cause FROM tx ORDER BY tx"


def test_a_unit_that_is_being_taken_out_has_a_state_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, lambda: NOW, migrations()[:6])
    connection.executemany(ENTERED, UNITS)
    migrate(connection, path, lambda: NOW, migrations())
    assert connection.execute(KEPT).fetchall() == [*UNITS[:2], (8, 9, 2, "")]
    connection.close()


def test_it_has_on_postgresql(postgres_url: str) -> None:
    connection = connect_plain(server_of(postgres_url))
    postgres.migrate(connection, "here", lambda: NOW, postgres.migrations("postgres")[:4])
    connection.executemany(ENTERED, UNITS)
    postgres.migrate(connection, "here", lambda: NOW, postgres.migrations("postgres"))
    assert connection.execute(KEPT).fetchall() == [*UNITS[:2], (8, 9, 2, "")]
    connection.close()


async def test_what_was_being_taken_out_is_gone_after_the_upgrade(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry):
        pass
    connection = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    connection.executemany(ENTERED, UNITS)
    connection.executescript(
        "DROP INDEX tx_unseen; CREATE INDEX tx_unseen ON tx (tenant, state, tx, last) WHERE state = 1;"
        "DELETE FROM migration WHERE number = 7"
    )
    async with opened("sqlite", tmp_path, registry):
        assert connection.execute(KEPT).fetchall() == UNITS[:1]
    connection.close()


async def test_a_record_of_the_fourth_schema_is_sound_afterwards(
    fourth: tuple[Path, list[Any], list[Version]], registry: SearchParameters
) -> None:
    folder, _, _ = fourth
    async with opened("sqlite", folder, registry):
        pass
    with snapshot(StoreSource(f"sqlite:///{folder / 'hub.db'}")) as database:
        assert check(database, registry).counts == {}


CODES = [(1, 7, 1_000, 3), (1, 7, 1_001, 3), (1, 7, 1_001, 4), (1, 7, 1_024, 3), (1, 8, 1_000, 3), (2, 7, 1_002, 3)]
"""Tenant, hash, vid and system: what is found under a hash, in two blocks."""


def test_codes_and_words_are_kept_in_blocks_afterwards(postgres_url: str) -> None:
    connection = connect_plain(server_of(postgres_url))
    postgres.migrate(connection, "here", lambda: NOW, postgres.migrations("postgres")[:6])
    words = [(1_000, 1, "final heart"), (1_001, 1, "final heart"), (1_002, 1, "final"), (1_001, 2, "final heart")]
    append_rows(connection, "fts", words)
    many = [(1, 9, vid, 3) for vid in range(2_048, 2_048 + 1_024)]
    connection.executemany("INSERT INTO tok (tenant, h, vid, sys) VALUES (?, ?, ?, ?)", [*CODES, *many])
    postgres.migrate(connection, "here", lambda: NOW, postgres.migrations("postgres"))
    found = connection.execute("SELECT tenant, h, vid, sys FROM tok").fetchall()
    assert sorted(found) == sorted([*CODES, *many])
    assert connection.execute("SELECT count(*) FROM tok_block WHERE h = 9").fetchone() == (3,)
    assert connection.execute("SELECT more FROM tok_block WHERE h = 7 AND vid = 1000").fetchone() == ([1],)
    kept = connection.execute("SELECT vid, tenant, array_to_string(tsvector_to_array(words), ' ') FROM fts").fetchall()
    assert sorted(kept) == sorted(words)
    assert connection.execute("SELECT count(*) FROM fts_block").fetchone() == (3,)
    connection.close()
