import json
from pathlib import Path

import pytest

from careloom.cli.keys import new
from careloom.governance import public_keys, read_private_keys


def test_a_pair_is_written_that_belongs_together(tmp_path: Path) -> None:
    assert new(out=tmp_path / "gp.json", kid="gp-1") == 0
    (private,) = read_private_keys(tmp_path / "gp.json")
    public = public_keys(json.loads((tmp_path / "gp.jwks.json").read_text()))
    assert public == (private.public,)
    assert private.kid == "gp-1"


def test_the_private_key_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new(out=tmp_path / "gp.json")
    assert json.loads((tmp_path / "gp.json").read_text())["d"] not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["gp.json", "gp.jwks.json"])
def test_nothing_is_overwritten(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_text("precious")
    assert new(out=tmp_path / "gp.json") == 2
    assert "never overwritten" in capsys.readouterr().err
    assert [each.read_text() for each in tmp_path.iterdir()] == ["precious"]
