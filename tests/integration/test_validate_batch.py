"""``careloom validate`` over many resources: what it takes, what it leaves out, and that results come in order."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from careloom.cli.validate import validate
from careloom.validation import Report, Validator, validate_text
from careloom.validation.batch import judge, tasks

pytestmark = pytest.mark.usefixtures("definitions")

GOOD = b'{"resourceType": "Patient", "gender": "female"}'
BAD = b'{"resourceType": "Patient", "gender": "boy"}'
WARNED = b'{"resourceType": "Basic", "code": {"coding": [{"system": "https://x.test/codes", "code": "a"}]}}'
LINES = b"\n".join([GOOD, BAD, b"", b'{"resourceType": ', GOOD, BAD + b"\r", GOOD])

Out = pytest.CaptureFixture[str]


def run(*files: object, **options: object) -> object:
    with pytest.raises(SystemExit) as exit:
        validate(*map(str, files), **options)  # type: ignore[arg-type]
    return exit.value.code


def found(out: Out) -> list[tuple[str, int, str]]:
    """File name, line and rule of every finding that was written as NDJSON."""
    told = map(json.loads, out.readouterr().out.splitlines())
    return [(Path(one["file"]).name, one["line"], one["rule"]) for one in told]


def write(file: Path, data: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def test_a_bad_line_is_told_by_file_and_line_and_the_rest_is_judged(tmp_path: Path, capsys: Out) -> None:
    file = write(tmp_path / "x.ndjson", LINES)
    assert run(file, format="ndjson") == 1
    assert found(capsys) == [("x.ndjson", 2, "binding"), ("x.ndjson", 4, "json"), ("x.ndjson", 6, "binding")]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_packed_lines_are_judged_like_plain_ones(
    suffix: str, pack: Callable[[bytes], bytes], tmp_path: Path, capsys: Out
) -> None:
    assert run(write(tmp_path / f"x.ndjson{suffix}", pack(LINES)), format="ndjson") == 1
    assert [line for _, line, _ in found(capsys)] == [2, 4, 6]


def test_a_packed_document_is_judged_and_a_damaged_one_told(tmp_path: Path, capsys: Out) -> None:
    packed = gzip.compress(BAD)
    files = write(tmp_path / "a.json.gz", packed), write(tmp_path / "b.json.gz", packed[:-9])
    assert run(*files, format="ndjson") == 1
    assert found(capsys) == [("a.json.gz", 1, "binding"), ("b.json.gz", 0, "packing")]


@pytest.mark.parametrize("size", [1, 7, 40, 45, 46, 47, 48, 200])
def test_wherever_a_file_is_cut_the_findings_are_the_same(
    size: int, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "x.ndjson", LINES)
    monkeypatch.setattr(tasks, "RANGE", size)
    assert run(file, format="ndjson") == 1
    assert found(capsys) == [("x.ndjson", 2, "binding"), ("x.ndjson", 4, "json"), ("x.ndjson", 6, "binding")]


def test_a_folder_is_searched_for_what_can_be_judged(tmp_path: Path, capsys: Out) -> None:
    for name in ("b.json", "a/c.ndjson", ".hidden/d.json", "package.json", "notes.txt"):
        write(tmp_path / name, BAD)
    write(tmp_path / "e.xml", b'<Patient xmlns="http://hl7.org/fhir"><gender value="boy"/></Patient>')
    assert run(tmp_path, format="ndjson") == 1
    assert [name for name, _, _ in found(capsys)] == ["c.ndjson", "b.json", "e.xml"]


def test_patterns_and_file_addresses_name_files(tmp_path: Path, capsys: Out) -> None:
    for name in ("b 1.json", "b2.json", "c.json"):
        write(tmp_path / name, BAD)
    assert run(tmp_path / "b*.json", (tmp_path / "c.json").as_uri(), format="ndjson") == 1
    assert [name for name, _, _ in found(capsys)] == ["b 1.json", "b2.json", "c.json"]


def test_a_name_with_the_marks_of_a_pattern_is_a_file_when_there_is_one(tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "a[1].json", BAD), format="ndjson") == 1
    assert [name for name, _, _ in found(capsys)] == ["a[1].json"]


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("{folder}", "none found"),
        ("{folder}/*.json", "files expected that match the pattern"),
        ("{folder}/none.ndjson", "No such file"),
        ("https://hapi.test/Patient/1", "nothing is fetched over the network"),
        ("--bogus", "no such option"),
        ("a\0b", "null byte"),
    ],
)
def test_what_is_not_there_is_said_and_exits_with_2(argument: str, told: str, tmp_path: Path, capsys: Out) -> None:
    assert run(argument.format(folder=tmp_path)) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"jobs": 0}, "--jobs"),
        ({"summary": True, "format": "json"}, "--format text expected"),
        ({"watch": True, "format": "html"}, "--format text expected"),
        ({"watch": True, "jobs": 2}, "--jobs"),
    ],
)
def test_what_does_not_go_together_is_said(options: dict[str, Any], told: str, tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "a.json", GOOD), **options) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "places"),
    [
        (BAD, [("<stdin>", 1, "binding")]),
        (json.dumps(json.loads(BAD), indent=1).encode(), [("<stdin>", 3, "binding")]),
        (LINES, [("<stdin>", 2, "binding"), ("<stdin>", 4, "json"), ("<stdin>", 6, "binding")]),
        (gzip.compress(LINES, mtime=0), [("<stdin>", 2, "binding"), ("<stdin>", 4, "json"), ("<stdin>", 6, "binding")]),
        (b"\n" + BAD + b"\n\n", [("<stdin>", 2, "binding")]),
        (b'<Patient xmlns="http://hl7.org/fhir"><gender value="boy"/></Patient>', [("<stdin>", 1, "binding")]),
        (b"", [("<stdin>", 1, "json")]),
    ],
)
def test_standard_input_is_a_resource_or_lines_of_them(
    data: bytes, places: list[tuple[str, int, str]], capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    assert run("-", format="ndjson") == 1
    assert found(capsys) == places


def test_processes_give_the_same_report_in_the_same_order(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "RANGE", 100)
    files = write(tmp_path / "a.ndjson", LINES * 3), write(tmp_path / "b.json", BAD)
    packed = write(tmp_path / "c.ndjson.gz", gzip.compress(LINES))
    assert run(*files, packed) == 1
    alone = capsys.readouterr().out
    assert run(*files, packed, jobs=2) == 1
    assert capsys.readouterr().out == alone


def test_what_cannot_be_asked_is_said_by_processes_too(tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "a.json", GOOD), jobs=2, profile=("https://nowhere.test/p",)) == 2
    assert "https://nowhere.test/p" in capsys.readouterr().err


def test_warnings_fail_only_when_they_are_to(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", WARNED)
    assert run(file) == 0
    assert run(file, fail_on="warning") == 1


def test_a_summary_has_the_sums_by_rule(tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "x.ndjson", LINES), summary=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 file, 6 resources: 3 valid, 3 not valid (3 errors)"
    assert lines[3].split()[:3] == ["2", "0", "binding"]


def ignore_file(folder: Path, expires: str, rule: str = "binding") -> Path:
    entry = (
        f'[[ignore]]\nrule = "{rule}"\nexpression = "Patient.gender"\nreason = "mapped later"\nexpires = {expires}\n'
    )
    return write(folder / "ignore.toml", entry.encode())


def test_what_is_ignored_is_not_told_but_counted(tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "a.json", BAD), ignore=ignore_file(tmp_path, "2999-01-01")) == 0
    told = capsys.readouterr()
    assert told.out.endswith("a.json: valid (1 ignored)\n")
    assert told.err == ""


def test_an_expired_entry_ignores_nothing_and_is_told(tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "a.json", BAD), ignore=ignore_file(tmp_path, "2020-01-01")) == 1
    assert "mapped later) expired on 2020-01-01" in capsys.readouterr().err


def test_an_entry_that_covers_nothing_is_told(tmp_path: Path, capsys: Out) -> None:
    assert run(write(tmp_path / "a.json", GOOD), ignore=ignore_file(tmp_path, "2999-01-01")) == 0
    assert "entry 1 (rule binding, expression Patient.gender: mapped later) covers nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[ignore]]\nreason = 'x'\nexpires = 2999-01-01", "rule, expression or profile expected"),
        ("[[ignore]]\nrule = 'x'\nexpires = 2999-01-01", "a reason expected"),
        ("[[ignore]]\nrule = 'x'\nreason = 'x'", "a day of expiry expected"),
        ("[[ignore]]\nrule = 'x'\nreason = 'x'\nexpires = 2999-01-01T00:00:00Z", "a day of expiry expected"),
        ("[[ignore]]\nrule = 1\nreason = 'x'\nexpires = 2999-01-01", "rule: a text expected"),
        ("[[ignore]]\nrules = 'x'\nreason = 'x'\nexpires = 2999-01-01", "'rules' found"),
        ("[ignored]", "tables [[ignore]]"),
        ("ignore = [1]", "a table expected"),
        ("[[", "TOML expected"),
    ],
)
def test_an_ignore_file_that_is_wrong_is_said_so(text: str, told: str, tmp_path: Path, capsys: Out) -> None:
    file = write(tmp_path / "ignore.toml", text.encode())
    assert run(write(tmp_path / "a.json", GOOD), ignore=file) == 2
    assert told in capsys.readouterr().err


def test_findings_in_a_bundle_are_told_by_the_resource_they_are_about(tmp_path: Path, capsys: Out) -> None:
    patient = {"resourceType": "Patient", "id": "p", "gender": "boy"}
    entries = [{"fullUrl": "https://x.test/Patient/p", "resource": patient}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert run(write(tmp_path / "a.json", json.dumps(bundle).encode()), format="ndjson") == 1
    assert json.loads(capsys.readouterr().out)["subject"] == "Patient/p (entry 0)"


def test_a_failure_of_ours_is_told_and_the_rest_is_judged(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_the_first(validator: Validator, data: bytes, **named: Any) -> Report:
        if data == GOOD:
            raise KeyError("nothing of the kind")
        return validate_text(validator, data, **named)

    monkeypatch.setattr(judge, "validate_text", fail_on_the_first)
    assert run(write(tmp_path / "x.ndjson", GOOD + b"\n" + BAD), format="ndjson") == 1
    assert found(capsys) == [("x.ndjson", 1, "internal"), ("x.ndjson", 2, "binding")]
