"""``careloom db``, from the settings file to what is printed."""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from tests.contract.stores import create, identified
from tests.integration.hub import Locality
from tests.postgres import Server

from careloom.cli import db
from careloom.settings import load_settings


@pytest.fixture
def locality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Locality:
    """Its definitions are read once, though each command would."""
    made = Locality.make(tmp_path)
    parameters = cache(lambda: db_parameters(load_settings(made.file)))
    db_parameters = db._parameters
    monkeypatch.setattr(db, "_parameters", lambda settings: parameters())
    return made


async def fill(locality: Locality) -> None:
    settings = load_settings(locality.file)
    repository = await settings.store.open(tenant=settings.hub.tenant, parameters=db._parameters(settings))
    await create(repository, *(identified(str(number), id=f"p{number}") for number in range(12)))
    await repository.close()


async def test_a_record_is_looked_after_and_moved(
    locality: Locality,
    postgres: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await fill(locality)
    file, moved, restored = locality.file, tmp_path / "moved", tmp_path / "restored"
    assert db.status(settings=file) == 0
    assert "12 resources, 12 versions, 12 changes" in capsys.readouterr().out
    assert db.upgrade(settings=file) == 0
    assert db.check(settings=file) == 0
    assert db.reindex(settings=file) == 0
    assert db.backup(tmp_path / "backup", settings=file) == 0
    assert db.move(to=postgres.database_of(moved), settings=file) == 0
    told = capsys.readouterr().out
    assert "12 versions are now in 127.0.0.1" in told
    assert postgres.password not in told
    monkeypatch.setenv("CARELOOM_STORE_URL", postgres.database_of(moved))
    assert db.check(settings=file) == 0
    monkeypatch.setenv("CARELOOM_STORE_URL", postgres.database_of(restored))
    assert db.restore(tmp_path / "backup", settings=file) == 0
    assert db.status(settings=file) == 0
    assert "12 resources" in capsys.readouterr().out
    for folder in (moved, restored):
        postgres.drop_database_of(folder)


async def test_what_is_made_is_for_its_owner_alone(locality: Locality, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(locality)
    copy, restored = locality.folder / "copy.db", locality.folder / "new" / "restored.db"
    assert db.backup(locality.folder / "backup", settings=locality.file) == 0
    assert db.move(to=f"sqlite:///{copy}", settings=locality.file) == 0
    monkeypatch.setenv("CARELOOM_STORE_URL", f"sqlite:///{restored}")
    assert db.restore(locality.folder / "backup", settings=locality.file) == 0
    made = (locality.database, copy, restored, locality.folder / "backup")
    assert {0o600} == {each.stat().st_mode & 0o777 for each in made}


@pytest.mark.parametrize("left", ["hub.db-wal", "hub.db-journal"])
async def test_a_log_that_a_lost_database_left_behind_does_not_get_into_the_restored_one(
    locality: Locality, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(locality)
    assert db.backup(locality.folder / "backup", settings=locality.file) == 0
    locality.database.rename(locality.folder / "lost.db")
    (locality.database.parent / left).write_bytes(b"commits of the lost one")
    with pytest.raises(SystemExit):
        db.restore(locality.folder / "backup", settings=locality.file)
    assert f"{left}: belongs to a database that was there" in capsys.readouterr().err
    (locality.database.parent / left).unlink()
    assert db.restore(locality.folder / "backup", settings=locality.file) == 0


async def test_damaged_pages_are_found_by_the_check(locality: Locality, capsys: pytest.CaptureFixture[str]) -> None:
    await fill(locality)
    with closing(sqlite3.connect(locality.database)) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'once'").fetchall()
        [(size,)] = connection.execute("PRAGMA page_size").fetchall()
    with locality.database.open("r+b") as file:
        file.seek((page - 1) * size + 5)
        file.write(b"\xff\xff")
    assert db.check(settings=locality.file) == 1
    assert "x a damaged file" in capsys.readouterr().out


@pytest.mark.parametrize("to", ["sqlite:///var/hub.db", "sqlite:///var/../var/hub.db"])
async def test_a_database_is_not_moved_onto_itself(
    locality: Locality, to: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(locality)
    monkeypatch.chdir(locality.folder)
    with pytest.raises(SystemExit):
        db.move(to=to, settings=locality.file)
    assert "another database than" in capsys.readouterr().err


async def test_a_backup_needs_the_name_of_a_file(locality: Locality, capsys: pytest.CaptureFixture[str]) -> None:
    await fill(locality)
    for folder in (Path(), locality.folder):
        with pytest.raises(SystemExit) as ended:
            db.backup(folder, settings=locality.file)
        assert (2, True) == (ended.value.code, "the name of a file expected" in capsys.readouterr().err)


@pytest.mark.parametrize("command", ["status", "check", "reindex", "upgrade", "distribute"])
def test_what_cannot_be_done_is_said(locality: Locality, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        getattr(db, command)(settings=locality.file)
    assert ended.value.code == 2
    assert f"careloom db {command}: {locality.database}" in capsys.readouterr().err


async def test_a_database_that_a_hub_writes_to_is_not_moved(
    locality: Locality,
    postgres: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CARELOOM_STORE_URL", postgres.database_of(tmp_path))
    settings = load_settings(locality.file)
    repository = await settings.store.open(tenant=settings.hub.tenant, parameters=db._parameters(settings))
    to = f"sqlite:///{tmp_path / 'moved.db'}"
    with pytest.raises(SystemExit):
        db.move(to=to, settings=locality.file)
    assert "in use by a hub (1 connections that write)" in capsys.readouterr().err
    await repository.close()
    assert db.move(to=to, settings=locality.file) == 0
    postgres.drop_database_of(tmp_path)


@pytest.mark.parametrize("name", ["hub.db", "other name of it.db"])
async def test_a_hub_that_runs_keeps_its_file_to_itself(
    locality: Locality, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(locality)
    settings = load_settings(locality.file)
    if name != "hub.db":
        (locality.database.parent / name).symlink_to(locality.database)
    monkeypatch.setenv("CARELOOM_STORE_URL", f"sqlite:///{locality.database.parent / name}")
    repository = await settings.store.open(tenant=settings.hub.tenant, parameters=db._parameters(settings))
    try:
        for command in (db.reindex, db.upgrade):
            with pytest.raises(SystemExit):
                command(settings=locality.file)
            assert "in use by another hub" in capsys.readouterr().err
        assert db.backup(locality.folder / "backup", settings=locality.file) == 0
        assert db.check(settings=locality.file) == 0
    finally:
        await repository.close()
