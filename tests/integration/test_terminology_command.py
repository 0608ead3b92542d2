"""``careloom terminology``, as it is typed."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.terminology.building import CS, VS, code_system, filtered, value_set

from careloom.cli.terminology import app
from careloom.definitions import Definitions
from careloom.model import serialize_json


@dataclass(frozen=True)
class Done:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class Room:
    """A folder with a store of the living things and a value set, and the command in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: str) -> Done:
        self._capsys.readouterr()
        code = 0
        try:
            app(list(arguments))
        except SystemExit as exit:
            code = int(exit.code or 0)
        said = self._capsys.readouterr()
        return Done(code, said.out, said.err)


@pytest.fixture
def room(
    tmp_path: Path, definitions: Definitions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Room:
    """The core package is there, or the test is skipped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARELOOM_TERMINOLOGY", str(tmp_path / "store"))
    Path("cs.json").write_bytes(serialize_json(code_system(version="1", title="Living things")))
    Path("vs.json").write_bytes(serialize_json(value_set(filtered("concept", "is-a", "dog"))))
    made = Room(tmp_path, capsys)
    assert Done(0, f"loaded {CS}|1: 6 concepts\n", "") == made.run("load", "cs.json")
    return made


def test_what_is_loaded_is_listed_and_looked_up(room: Room) -> None:
    assert f"{CS}|1  6 concepts  Living things\n" == room.run("list").out
    looked_up = room.run("lookup", CS, "dog", "--language", "de").out.splitlines()
    assert "display      Hund" in looked_up
    assert "property     parent  animal" in looked_up


def test_what_is_removed_is_gone(room: Room) -> None:
    assert 2 == room.run("remove", f"{CS}|2").code
    assert Done(0, f"removed {CS}|1\n", "") == room.run("remove", CS)
    assert "" == room.run("list").out
    again = room.run("remove", CS)
    assert (2, f"careloom terminology: {CS} is not in the store; `careloom terminology list` tells what is\n") == (
        again.code,
        again.err,
    )


def test_a_value_set_is_expanded(room: Room) -> None:
    asked = ("expand", VS, "--definitions", "vs.json")
    assert f"{CS}\tdog\tDog\n{CS}\tpuppy\tPuppy\n" == room.run(*asked).out
    expansion = json.loads(room.run(*asked, "--count", "1", "--format", "json").out)["expansion"]
    assert (2, ["dog"]) == (expansion["total"], [entry["code"] for entry in expansion["contains"]])


def test_a_code_is_validated_and_the_exit_code_says_so(room: Room) -> None:
    rest = ("--definitions", "vs.json", "--system", CS)
    yes, no = (room.run("validate-code", VS, code, *rest) for code in ("puppy", "cat"))
    assert (0, 1) == (yes.code, no.code)
    assert f"{CS}#cat is not in {VS}" in no.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("load", "none.json"),
        ("load", "vs.json"),
        ("lookup", "http://loinc.org", "1-1"),
        ("lookup", CS, "unicorn"),
        ("expand", "http://example.org/none"),
        ("validate-code", "http://example.org/none", "x"),
        ("expand", VS, "--package", "none@1"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(room: Room, arguments: tuple[str, ...]) -> None:
    done = room.run(*arguments)
    assert (2, 1, "") == (done.code, done.err.count("\n"), done.out)
    assert done.err.startswith("careloom terminology: ")


def test_the_command_is_part_of_careloom(room: Room) -> None:
    command = [sys.executable, "-m", "careloom", "terminology", "list"]
    done = subprocess.run(command, cwd=room.folder, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(CS)
