"""Codes that FHIR's packages do not have: ``careloom validate`` with a store, with a server, and with neither."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_terminology_remote import SECRET, Server, serving

from careloom.cli.validate import validate
from careloom.model import serialize_json
from careloom.terminology.stored import load_code_system

pytestmark = pytest.mark.usefixtures("definitions")

SNOMED = "http://snomed.info/sct"
KNOWN, WRONG = "73211009", "1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two observations, each with two codes of SNOMED CT, one of them wrong."""
    entries = [
        {"resource": {"resourceType": "Observation", "status": "final", "code": {"coding": coding}}}
        for coding in ([{"system": SNOMED, "code": KNOWN}, {"system": SNOMED, "code": WRONG}],) * 2
    ]
    path = tmp_path / "bundle.json"
    path.write_bytes(serialize_json({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    return path


@pytest.fixture(autouse=True)
def _no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELOOM_TERMINOLOGY", str(tmp_path / "usual"))


def load(folder: Path) -> None:
    source = folder.with_suffix(".json")
    source.write_bytes(
        serialize_json(
            {
                "resourceType": "CodeSystem",
                "url": SNOMED,
                "status": "active",
                "content": "complete",
                "concept": [{"code": KNOWN, "display": "Diabetes mellitus"}],
            }
        )
    )
    load_code_system(source, folder)


def findings(capsys: pytest.CaptureFixture[str], file: Path, **options: Any) -> list[tuple[str, str]]:
    """Severity and message of what is said about SNOMED CT."""
    capsys.readouterr()
    with pytest.raises(SystemExit):
        validate(file, format="json", **options)
    issues = [issue for line in capsys.readouterr().out.splitlines() for issue in json.loads(line).get("issue", [])]
    return [(one["severity"], one["diagnostics"]) for one in issues if SNOMED in one["diagnostics"]]


def test_without_content_one_warning_says_how_to_supply_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ((severity, message),) = findings(capsys, file)
    assert severity == "warning"
    assert "careloom terminology load" in message


@pytest.mark.parametrize("is_usual", [True, False])
def test_a_code_system_in_the_store_is_used(
    file: Path, tmp_path: Path, is_usual: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path / ("usual" if is_usual else "other"))
    found = findings(capsys, file, **({} if is_usual else {"terminology_store": tmp_path / "other"}))
    assert [severity for severity, _ in found] == ["error", "error"]
    assert all(f"a code of {SNOMED} expected, '{WRONG}' found" in message for _, message in found)


def test_a_store_that_the_settings_name_is_used(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(tmp_path / "named")
    settings = tmp_path / "careloom.toml"
    settings.write_text('[hub]\nbase_url = "http://127.0.0.1/fhir"\n[terminology]\nstore = "named"\n')
    found = findings(capsys, file, terminology_settings=settings)
    assert [severity for severity, _ in found] == ["error", "error"]


def reply(path: str, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    given = {part["name"]: part for part in question["parameter"]}
    is_known = given["code"]["valueCode"] == KNOWN if "code" in given else False
    return 200, {"resourceType": "Parameters", "parameter": [{"name": "result", "valueBoolean": is_known}]}


def test_a_server_is_asked_about_what_nothing_here_knows(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Server(reply)) as server:
        found = findings(capsys, file, terminology_server=server.url)
    assert [severity for severity, _ in found] == ["error", "error"]
    assert all("$validate-code" in path for path, _, _ in server.asked)


def test_a_server_of_the_settings_gets_a_token_and_its_answers_are_kept(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "careloom.toml"
    with serving(Server(reply)) as server:
        settings.write_text(
            f'[terminology.server]\nbase_url = "{server.url}"\ncache = "answers.db"\n'
            f'token_url = "{server.url}/token"\nclient_id = "me"\nclient_secret = "{SECRET}"\n'
        )
        first = findings(capsys, file, terminology_settings=settings)
        asked = len(server.asked)
        second = findings(capsys, file, terminology_settings=settings)
    assert first == second != []
    assert (len(server.asked), server.tokens) == (asked, 1)
    assert {authorization for _, _, authorization in server.asked} == {"Bearer token-1"}


def test_an_address_that_is_none_ends_with_2(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        validate(file, terminology_server="tx.test")
    assert ended.value.code == 2
    assert "tx.test: an http or https address expected" in capsys.readouterr().err
