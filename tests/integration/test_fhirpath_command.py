"""``careloom fhirpath`` as a user runs it."""

from pathlib import Path

import pytest

from careloom.cli.fhirpath import fhirpath
from careloom.definitions import Definitions

PATIENT = '{"resourceType": "Patient", "name": [{"given": ["Ada", "Grace"]}], "multipleBirthInteger": 2}'


@pytest.fixture
def patient(tmp_path: Path, definitions: Definitions) -> Path:
    file = tmp_path / "patient.json"
    file.write_text(PATIENT, "utf-8")
    return file


def exit_code(expression: str, file: Path, **options: bool) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        fhirpath(expression, file, **options)
    return exited.value.code


def test_results_are_printed_one_to_a_line(patient: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("name.given | multipleBirth | 4 'mg'", patient) == 0
    assert capsys.readouterr().out == '"Ada"\n"Grace"\n2\n4 \'mg\'\n'


def test_types_are_told_when_asked_for(patient: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("multipleBirth", patient, types=True) == 0
    assert capsys.readouterr().out == "integer\t2\n"


def test_no_result_is_exit_code_1(patient: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("birthDate", patient) == 1
    assert capsys.readouterr().out == ""


def test_trace_goes_to_standard_error(patient: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code("name.given.first().trace('first')", patient)
    assert capsys.readouterr().err == 'first: "Ada"\n'


@pytest.mark.parametrize("expression", ["name.(", "name.given + 1", "unknown()"])
def test_what_cannot_be_evaluated_is_told_in_a_line(
    patient: Path, capsys: pytest.CaptureFixture[str], expression: str
) -> None:
    assert exit_code(expression, patient) == 2
    assert capsys.readouterr().err.startswith("careloom fhirpath: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("id", tmp_path / "none.json") == 2
    assert capsys.readouterr().err == f"careloom fhirpath: {tmp_path / 'none.json'}: No such file or directory\n"


def test_a_file_that_is_no_resource_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not JSON", "utf-8")
    assert exit_code("id", file) == 2
    assert capsys.readouterr().err.startswith(f"careloom fhirpath: {file}: not JSON: ")
