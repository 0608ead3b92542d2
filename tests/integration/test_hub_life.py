"""How a hub starts, follows its settings, stops, and refuses to start."""

import json
import signal
import socket
from pathlib import Path

import aiohttp
import pytest
import structlog
from tests.integration.hub import (
    GP_AGREEMENT,
    SETTINGS,
    HubProcess,
    Locality,
    ask_token,
    caller,
    eventually,
    running_hub,
)

from careloom.cli.serve import serve
from careloom.definitions import Definitions
from careloom.governance import jwks, new_key
from careloom.search import SearchParameters, parse_query
from careloom.store import open_sqlite

PATIENT = {"resourceType": "Patient", "name": [{"family": "Ashe"}]}
PROFILE_URL = "https://locality.example/StructureDefinition/NamedPatient"
PROFILE = {
    "resourceType": "StructureDefinition",
    "url": PROFILE_URL,
    "name": "NamedPatient",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]},
}


@pytest.fixture
def locality(tmp_path: Path, definitions: Definitions) -> Locality:
    return Locality.make(tmp_path)


def refused_start(locality: Locality, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``careloom serve`` says when it cannot start."""
    with pytest.raises(SystemExit) as ended:
        serve(settings=locality.file)
    structlog.reset_defaults()  # it logs to the stderr that pytest has given to this test alone
    assert ended.value.code == 2
    return capsys.readouterr().err


async def test_agreement_is_in_force_as_soon_as_it_is_written_and_a_broken_file_changes_nothing(
    locality: Locality,
) -> None:
    with running_hub(locality) as hub:
        async with caller(hub) as acute, caller(hub, "gp-system") as surgery:
            url = f"Patient/{(await acute('POST', 'Patient', PATIENT)).json['id']}"
            assert (await surgery("GET", url)).status == 403

            locality.file.write_text(SETTINGS + GP_AGREEMENT)
            await eventually(lambda: _has_status(surgery("GET", url), 200))

            locality.file.write_text("[hub\n")
            await eventually(lambda: _logged(hub.log(), "settings kept as they were"))
            assert (await surgery("GET", url)).status == 200

            locality.file.write_text(SETTINGS)
            await eventually(lambda: _has_status(surgery("GET", url), 403))
        assert hub.stop(signal.SIGTERM) == 0


async def test_record_outlives_a_kill(locality: Locality) -> None:
    with running_hub(locality) as hub:
        async with caller(hub) as acute:
            url = f"Patient/{(await acute('POST', 'Patient', PATIENT)).json['id']}"
        assert hub.stop(signal.SIGKILL) == -signal.SIGKILL
    with running_hub(locality) as hub:
        async with caller(hub) as acute:
            assert (await acute("GET", url)).status == 200
        assert hub.stop(signal.SIGINT) == 0
        events = [line["event"] for line in hub.log()]
        assert events.index("stopping") < len(events) - 1 and events[-1] == "stopped"


async def test_locality_chooses_what_a_type_must_conform_to(locality: Locality) -> None:
    (locality.folder / "profiles").mkdir()
    (locality.folder / "profiles" / "NamedPatient.json").write_text(json.dumps(PROFILE))
    chosen = f'[definitions]\ndirectories = ["profiles"]\n[conformance]\nPatient = ["{PROFILE_URL}"]\n'
    locality.file.write_text(SETTINGS + chosen)
    with running_hub(locality) as hub:
        async with caller(hub) as acute:
            refused = await acute("POST", "Patient", {"resourceType": "Patient", "active": True})
            accepted = await acute("POST", "Patient", PATIENT)
            told = (await acute("GET", "metadata")).json["rest"][0]["resource"]
    assert (refused.status, accepted.status) == (422, 201)
    assert "Patient.name: at least 1 expected, 0 found" in refused.json["issue"][0]["diagnostics"]
    assert [each["supportedProfile"] for each in told if each["type"] == "Patient"] == [[PROFILE_URL]]


def test_second_hub_on_the_same_file_does_not_start(locality: Locality, capsys: pytest.CaptureFixture[str]) -> None:
    with running_hub(locality) as hub:
        assert str(locality.database) in refused_start(locality, capsys)
        assert hub.stop() == 0


def test_taken_port_keeps_a_hub_from_starting(locality: Locality, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        locality.file.write_text(SETTINGS.replace("port = 0", f"port = {port}"))
        assert f"cannot listen on 127.0.0.1 port {port}" in refused_start(locality, capsys)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[hub\n", "not TOML"),
        ("[hub]\nbase_ulr = 'http://127.0.0.1/fhir'\n", "base_url"),
        (SETTINGS + "[definitions]\npackages = ['no.such.package@1.0.0']\n", "no.such.package"),
        (
            SETTINGS + "[conformance]\nPatient = ['https://locality.example/absent']\n",
            "https://locality.example/absent",
        ),
        (SETTINGS + "[conformance]\nPatinet = ['https://locality.example/absent']\n", "Patient"),
    ],
)
def test_settings_that_cannot_be_meant_keep_a_hub_from_starting(
    locality: Locality, capsys: pytest.CaptureFixture[str], settings: str, told: str
) -> None:
    locality.file.write_text(settings)
    assert told in refused_start(locality, capsys)


def test_missing_settings_file_is_named(locality: Locality, capsys: pytest.CaptureFixture[str]) -> None:
    locality.file.unlink()
    assert str(locality.file) in refused_start(locality, capsys)


async def _has_status(answer: object, status: int) -> bool:
    return (await answer).status == status  # type: ignore[misc, no-any-return]


async def _logged(lines: list[dict[str, object]], event: str) -> bool:
    return event in [line["event"] for line in lines]


async def test_key_that_is_taken_out_of_a_clients_file_opens_nothing_any_more(locality: Locality) -> None:
    with running_hub(locality) as hub:
        async with caller(hub, "") as session:
            (locality.folder / "acute-epr.jwks.json").write_text(json.dumps(jwks([new_key("ES384", kid="new").public])))
            await eventually(lambda: _is_refused(session.session, hub))
        assert hub.stop() == 0


async def _is_refused(session: aiohttp.ClientSession, hub: HubProcess) -> bool:
    return "error" in await ask_token(session, hub, "acute-epr")


async def test_refusals_that_were_counted_are_recorded_when_the_hub_stops(
    locality: Locality, definitions: Definitions
) -> None:
    locality.file.write_text(SETTINGS + "[audit]\nrefusals = 2\n")
    with running_hub(locality) as hub:
        async with aiohttp.ClientSession() as session:
            for _ in range(30):
                async with session.get(f"{hub.base_url}/Patient/p") as response:
                    assert response.status == 401
            async with session.post(hub.token_url, data={"grant_type": "client_credentials"}) as response:
                assert response.status == 401
                named = response.headers["Careloom-Audit"].removeprefix("AuditEvent/")
        assert hub.stop() == 0
    parameters = SearchParameters(definitions, base_url=hub.base_url)
    repository = await open_sqlite(locality.database, tenant="north", parameters=parameters)
    try:
        page = await repository.search(parse_query("AuditEvent", [], parameters))
        told = await repository.read("AuditEvent", named)
    finally:
        await repository.close()
    assert len(page.matches) == 3
    assert told is not None and told.resource is not None
    assert told.resource["outcomeDesc"] == "29 more refusals of 127.0.0.1, recorded together: 29 with 401"
