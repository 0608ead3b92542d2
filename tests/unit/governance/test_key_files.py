import stat
from pathlib import Path

import pytest
from tests.unit.governance.craft import key

from careloom.governance import hub_keys, read_private_keys, write_private_key
from careloom.model.errors import ConflictError, InvalidError, UnavailableError
from careloom.model.json import serialize_json


def test_the_hub_makes_its_key_at_the_first_start_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "var" / "hub-key.json"
    assert [made.algorithm for made in hub_keys(path)] == ["ES256"]
    assert hub_keys(path) == hub_keys(path)


def test_only_the_owner_may_read_a_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    write_private_key(path, key())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writing_a_key_leaves_no_draft_behind(tmp_path: Path) -> None:
    write_private_key(tmp_path / "key.json", key())
    assert [each.name for each in tmp_path.iterdir()] == ["key.json"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    write_private_key(path, key())
    with pytest.raises(ConflictError, match="never overwritten"):
        write_private_key(path, key(kid="other"))
    assert read_private_keys(path) == (key(),)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    write_private_key(path, key())
    path.chmod(0o640)
    with pytest.raises(InvalidError, match=r"key.json: others may read it: chmod 600"):
        read_private_keys(path)


def test_the_first_key_of_a_set_signs(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.touch(0o600)
    old, new = key("ES256", "old"), key("ES256", "new")
    path.write_bytes(serialize_json({"keys": [new.as_json(), old.as_json()]}))
    assert [each.kid for each in hub_keys(path)] == ["new", "old"]


def test_a_file_that_is_no_key_is_refused_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.touch(0o600)
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(InvalidError, match=r"key\.json: not JSON"):
        hub_keys(path)


def test_a_key_file_in_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(UnavailableError, match=r"hub-key\.json"):
        hub_keys(tmp_path / "var" / "hub-key.json")
