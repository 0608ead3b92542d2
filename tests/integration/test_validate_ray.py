"""The Ray engine gives what the local one gives; it needs the extra ``careloom[ray]``."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from careloom.cli.validate import validate
from careloom.validation.batch import tasks

LINES = b'{"resourceType": "Patient", "gender": "boy"}\n{"resourceType": "Patient"}\n' * 20

pytestmark = pytest.mark.usefixtures("definitions")


def run(file: Path, **options: object) -> object:
    with pytest.raises(SystemExit) as exit:
        validate(str(file), format="ndjson", **options)  # type: ignore[arg-type]
    return exit.value.code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.ndjson"
    path.write_bytes(LINES)
    return path


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'careloom[ray]'")
def test_a_cluster_of_two_workers_gives_the_same_report(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "RANGE", 500)
    assert run(file) == 1
    alone = capsys.readouterr().out
    assert run(file, engine="ray", jobs=2) == 1
    assert capsys.readouterr().out == alone


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_the_extra_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, engine="ray") == 2
    assert "pip install 'careloom[ray]'" in capsys.readouterr().err
