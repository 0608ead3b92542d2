"""``careloom validate`` as people call it: output, exit codes, and no stack trace whatever the input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from careloom.cli.validate import validate
from careloom.definitions import Definitions

pytestmark = pytest.mark.usefixtures("definitions")

PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "https://somewhere.test/p",
    "name": "P",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]},
}


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    return write(tmp_path / "valid.json", '{"resourceType": "Patient", "gender": "female"}')


@pytest.fixture
def invalid(tmp_path: Path) -> Path:
    return write(tmp_path / "invalid.json", '{\n  "resourceType": "Patient",\n  "gender": "boy"\n}')


def write(file: Path, text: str | bytes) -> Path:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def exit_code(*files: Path, **options: object) -> object:
    with pytest.raises(SystemExit) as exit:
        validate(*files, **options)  # type: ignore[arg-type]
    return exit.value.code


def test_a_valid_file_is_said_to_be(valid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(valid) == 0
    assert capsys.readouterr().out == f"{valid}: valid\n"


def test_a_fault_is_shown_with_its_line_and_a_caret(invalid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(invalid) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{invalid}: not valid (1 error)"
    assert lines[1].startswith("  error: Patient.gender: a code of ")
    assert lines[2:] == [
        f"     --> {invalid}:3:13",
        '    3 |   "gender": "boy"',
        "      |             ^",
    ]


def test_json_gives_one_outcome_a_file(valid: Path, invalid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(valid, invalid, format="json") == 1
    outcomes = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [outcome["issue"][0]["severity"] for outcome in outcomes] == ["information", "error"]


def test_a_profile_from_a_file_is_held_to(valid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition = write(tmp_path / "p.json", json.dumps(PROFILE))
    assert exit_code(valid, profile=(PROFILE["url"],), definitions=(definition,)) == 1
    assert "Patient.name: at least 1 expected, 0 found" in capsys.readouterr().out


def test_a_setting_changes_the_verdict(tmp_path: Path) -> None:
    file = write(tmp_path / "x.json", '// comment\n{"resourceType": "Patient"}')
    assert exit_code(file) == 1
    assert exit_code(file, setting=("allow-comments=true",)) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"profile": ("https://nowhere.test/p",)}, "https://nowhere.test/p"),
        ({"definitions": (Path("missing.json"),)}, "missing.json: No such file"),
        ({"package": ("missing.tgz",)}, "missing.tgz: no such file"),
        ({"package": ("no.such.package@1.0",)}, "no.such.package"),
        ({"setting": ("wrong-displays",)}, "setting: NAME=VALUE expected, 'wrong-displays' found"),
        ({"setting": ("wrong-display=warning",)}, "'wrong-display' found"),
        ({"setting": ("security-checks=yes",)}, "setting security-checks: true or false expected, 'yes' found"),
        ({"resolve": ("Patient/1",)}, "resolve: REF=FILE expected, 'Patient/1' found"),
        ({"setting": ("wrong-displays=no",)}, "error or warning expected"),
    ],
)
def test_what_cannot_be_asked_exits_with_2(
    valid: Path, options: dict[str, object], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(valid, **options) == 2
    assert told in capsys.readouterr().err


def test_a_missing_file_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(tmp_path / "none.json") == 2
    assert "none.json: No such file" in capsys.readouterr().err


def test_a_package_that_is_none_is_said_so(valid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = write(tmp_path / "p.tgz", b"not an archive")
    assert exit_code(valid, package=(str(package),)) == 2
    assert "a FHIR package (.tgz) expected" in capsys.readouterr().err


def test_a_broken_profile_is_named_with_its_element(
    valid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {
        **PROFILE,
        "differential": {"element": [{"id": "Patient.nonsense", "path": "Patient.nonsense", "min": 1}]},
    }
    definition = write(tmp_path / "p.json", json.dumps(broken))
    assert exit_code(valid, profile=(PROFILE["url"],), definitions=(definition,)) == 2
    assert "https://somewhere.test/p element Patient.nonsense" in capsys.readouterr().err


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "x.json", '{"resourceType": "Patient", "gender": "\\u001b[31mboy"}')
    assert exit_code(file) == 1
    assert "\x1b" not in capsys.readouterr().out


HOSTILE = {
    "not JSON": b"hello",
    "empty": b"",
    "truncated": b'{"resourceType": "Patient", "name": [{"family": "x"',
    "duplicate keys": b'{"resourceType": "Patient", "gender": "male", "gender": "female"}',
    "wrong resourceType": b'{"resourceType": "Pateint"}',
    "NUL": b'{"resourceType": "Patient", "id": "a\\u0000b"}',
    "raw NUL": b'{"resourceType": "Patient", "id": "a\x00b"}',
    "lone surrogate": b'{"resourceType": "Patient", "name": [{"family": "\\udc00"}]}',
    "not UTF-8": b'{"resourceType": "Patient", "name": [{"family": "\xfe"}]}',
    "10,000 levels": b'{"resourceType":"Patient","contact":[' * 10_000 + b"{}" + b"]}" * 10_000,
    "XML bomb": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Patient xmlns="http://hl7.org/fhir"/>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_invalid_and_explained(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(write(tmp_path / "x.json", HOSTILE[name])) == 1
    out = capsys.readouterr().out
    assert "not valid" in out
    assert "Traceback" not in out


def test_the_whole_command_runs_as_a_process(invalid: Path) -> None:
    line = [sys.executable, "-m", "careloom", "validate", "--format", "json", str(invalid)]
    done = subprocess.run(line, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert json.loads(done.stdout)["issue"][0]["expression"] == ["Patient.gender"]
    assert done.stderr == b""


@pytest.mark.slow
def test_fifty_megabytes_are_judged(
    tmp_path: Path, definitions: Definitions, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = '{"fullUrl": "urn:uuid:%s", "resource": {"resourceType": "Basic", "code": {"text": "%s"}}}'
    filler = "x" * 10_000
    entries = (entry % (f"00000000-0000-0000-0000-{index:012}", filler) for index in range(5_000))
    text = '{"resourceType": "Bundle", "type": "collection", "wrong": 1, "entry": [' + ",\n".join(entries) + "]}"
    file = write(tmp_path / "x.json", text)
    assert file.stat().st_size > 50_000_000
    assert exit_code(file) == 1
    assert "Bundle.wrong: no such property in Bundle" in capsys.readouterr().out
