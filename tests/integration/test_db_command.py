"""``careloom db``, from the settings file to what is printed."""

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


@pytest.mark.parametrize("command", ["status", "check", "reindex", "upgrade", "distribute"])
def test_what_cannot_be_done_is_said(locality: Locality, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        getattr(db, command)(settings=locality.file)
    assert ended.value.code == 2
    assert f"careloom db {command}: {locality.database}" in capsys.readouterr().err


async def test_a_hub_that_runs_keeps_its_file_to_itself(locality: Locality, capsys: pytest.CaptureFixture[str]) -> None:
    await fill(locality)
    settings = load_settings(locality.file)
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
