"""The whole demonstration, played by real processes over real HTTP."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from careloom.cli.connectathon import verify
from careloom.connectathon.evidence import Line, read_evidence
from careloom.connectathon.scenario_file import load_scenario
from careloom.definitions import Definitions

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo"
PATIENCE = 300
TOKEN = re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.")


@dataclass(frozen=True)
class Play:
    """A play that is over."""

    code: int
    printed: str
    folder: Path
    evidence: bytes

    @property
    def lines(self) -> list[Line]:
        return read_evidence(self.evidence)

    def contents(self, kind: str) -> list[dict[str, Any]]:
        return [line.content for line in self.lines if line.kind == kind]


def play(scenario: Path, folder: Path) -> Play:
    command = [
        sys.executable,
        "-m",
        "careloom",
        "connectathon",
        "run",
        str(scenario),
        "--once",
        "--folder",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    (made,) = folder.iterdir()
    return Play(done.returncode, done.stdout + done.stderr, made, (made / "evidence.jsonl").read_bytes())


@pytest.fixture(scope="module")
def played(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    yield play(DEMO / "discharge.yaml", tmp_path_factory.mktemp("played"))


def test_every_expectation_held(played: Play) -> None:
    assert played.code == 0, played.printed
    assert {verdict["outcome"] for verdict in played.contents("verdict")} == {"held"}


def test_every_expectation_of_the_scenario_was_judged(played: Play) -> None:
    steps = load_scenario(DEMO / "discharge.yaml").steps
    expected = [expectation.text for step in steps for expectation in (*step.expectations, *step.checks)]
    assert expected == [verdict["text"] for verdict in played.contents("verdict")]


def test_every_verdict_points_at_recorded_exchanges(played: Play) -> None:
    recorded = {exchange["number"] for exchange in played.contents("exchange")}
    for verdict in played.contents("verdict"):
        assert verdict["exchanges"]
        assert set(verdict["exchanges"]) <= recorded


def test_every_step_is_printed_as_it_happens(played: Play) -> None:
    for step in load_scenario(DEMO / "discharge.yaml").steps:
        assert step.say in played.printed
    assert re.search(r"http://127\.0\.0\.1:\d+/", played.printed)


def test_the_first_letter_left_no_trace_but_its_audit_record(played: Play) -> None:
    refused = next(one for one in played.contents("exchange") if one["status"] == 422)
    texts = [issue["diagnostics"] for issue in json.loads(refused["response"]["body"])["issue"]]
    for mistake in ("nhs-2", "Encounter.status", "AllergyIntolerance.code"):
        assert any(mistake in text for text in texts)
    decision = next(one for one in played.contents("decision") if one["exchange"] == refused["number"])
    assert decision["event"]["outcome"] == "4"
    found = next(one for one in reversed(played.contents("exchange")) if one["path"].startswith("/fhir/Patient?"))
    assert json.loads(found["response"]["body"])["total"] == 1


def test_the_notification_says_nothing_of_the_letter(played: Play) -> None:
    sent = [one["request"]["body"] for one in played.contents("exchange") if one["path"] == "/webhook"]
    assert len(sent) == 3
    for word in ("Whitcombe", "9990726515", "Penicillin", "Doxycycline"):
        assert not any(word in body for body in sent)


def test_the_practice_holds_one_letter_and_the_council_one_document(played: Play) -> None:
    assert (played.folder / "practice" / "inbox.db").is_file()
    document = json.loads((played.folder / "council" / "9990726515.json").read_text())
    names = {entry["resource"]["resourceType"] for entry in document["entry"]}
    assert {"Composition", "Condition", "MedicationStatement", "AllergyIntolerance"} <= names


def test_evidence_holds_no_token_assertion_or_secret(played: Play) -> None:
    assert not TOKEN.search(played.evidence)
    assert b"whsec_" not in played.evidence
    assert b"[redacted " in played.evidence


def test_keys_and_secrets_of_a_run_are_its_owners_alone(played: Play) -> None:
    secret = [played.folder / "hub.toml", *played.folder.glob("keys/*-*.json"), *played.folder.glob("*.json")]
    private = [path for path in secret if not path.name.endswith(".jwks.json")]
    assert len(private) >= 8
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


def test_no_process_outlives_its_run(played: Play) -> None:
    running = [_command(process) for process in Path("/proc").glob("[0-9]*")]
    assert not any(str(played.folder).encode() in command for command in running)


def _command(process: Path) -> bytes:
    """What a process was started with; nothing where it has ended since it was listed."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_an_evidence_file_can_be_verified_and_tampering_is_found(played: Play, tmp_path: Path) -> None:
    def verified(data: bytes) -> int:
        file = tmp_path / "evidence.jsonl"
        file.write_bytes(data)
        return verify(file)

    assert verified(played.evidence) == 0
    assert verified(played.evidence.replace(b"Larch Road", b"Birch Road", 1)) == 1


def test_no_agreement_of_the_demonstration_ends_soon() -> None:
    ends = [end for file in DEMO.glob("*.toml") for end in re.findall(r"(?m)^end = (\d{4})", file.read_text())]
    assert len(ends) >= 5
    assert {"2099"} == set(ends)


def test_a_play_in_which_something_fails_ends_with_1(definitions: Definitions, tmp_path: Path) -> None:
    text = (DEMO / "discharge.yaml").read_text()
    first_step = text[: text.index("  - id: practice-token")].replace("status: 200", "status: 418")
    folder = tmp_path / "demo"
    folder.mkdir()
    for path in DEMO.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "discharge.yaml").unlink()
    (folder / "discharge.yaml").write_text(first_step)
    failed = play(folder / "discharge.yaml", tmp_path / "run")
    assert failed.code == 1, failed.printed
    assert "expected: the status is 418; found: 200" in failed.printed


def test_a_scenario_that_is_none_ends_with_2_and_its_place(tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_text("id: x\ntitle: [\n")
    command = [sys.executable, "-m", "careloom", "connectathon", "run", str(file), "--once"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "play.yaml:3" in done.stderr
    assert "Traceback" not in done.stderr
