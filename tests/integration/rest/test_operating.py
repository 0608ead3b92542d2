"""A hub as its operators have it: TLS, figures, probes, jobs, several processes, a clean log."""

import json
import signal
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.integration.hub import SETTINGS, Caller, HubProcess, Locality, caller, eventually, running_hub
from tests.patience import PATIENCE

from careloom.cli.serve import serve
from careloom.definitions import Definitions

PATIENT = {"resourceType": "Patient", "name": [{"family": "Ashe"}], "birthDate": "1950-01-01"}
HTTP = """
[http]
metrics = ["127.0.0.1/32"]
origins = ["https://app.example"]
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, definitions: Definitions) -> Iterator[HubProcess]:
    locality = Locality.make(tmp_path_factory.mktemp("operated"), SETTINGS + HTTP)
    with running_hub(locality) as running:
        yield running


def _root(hub: HubProcess) -> str:
    return hub.base_url.removesuffix("/fhir")


async def test_probes_need_no_token(hub: HubProcess) -> None:
    async with aiohttp.ClientSession() as session:
        for path, word in (("health", "up"), ("ready", "ready")):
            async with session.get(f"{_root(hub)}/{path}") as response:
                assert (response.status, await response.json()) == (200, {"status": word})


async def test_figures_are_told_and_hold_nothing_of_patients(hub: HubProcess) -> None:
    async with caller(hub) as call:
        made = await call("POST", "Patient", PATIENT)
        await call("GET", f"Patient/{made.json['id']}")
        async with call.session.get(f"{_root(hub)}/metrics") as response:
            text = await response.text()
    assert 'careloom_requests_total{interaction="create",status="201",type="Patient"}' in text
    assert made.json["id"] not in text and "Ashe" not in text


async def test_log_holds_no_patient_data(hub: HubProcess) -> None:
    async with caller(hub) as call:
        made = await call("POST", "Patient", PATIENT)
        for url in (f"Patient/{made.json['id']}", "Patient?family=Ashe&birthdate=1950-01-01", "Patient?birthdate=Ashe"):
            await call("GET", url)
        await call(
            "PUT", f"Patient/{made.json['id']}", {**PATIENT, "id": made.json["id"], "birthDate": "Ashe-1950-01-01"}
        )
        await eventually(lambda: _logged(hub, "update"))
    text = (hub.locality.folder / "hub.log").read_text()
    assert [each for each in (made.json["id"], "Ashe", "1950-01-01") if each in text] == []
    assert "{type}/{id}" in text


async def _logged(hub: HubProcess, interaction: str) -> bool:
    return interaction in [line.get("interaction") for line in hub.log()]


async def _polled(call: Caller, url: str) -> tuple[int, dict[str, str], object]:
    async def look() -> object:
        answer = await call("GET", url)
        return answer if answer.status != 202 else None

    answer = await eventually(look)
    return answer.status, dict(answer.headers), answer.json


async def test_request_may_be_answered_later(hub: HubProcess) -> None:
    async with caller(hub) as call:
        await call("POST", "Patient", PATIENT)
        taken = await call("GET", "Patient?family=Ashe", Prefer="respond-async")
        assert taken.status == 202
        status, headers, bundle = await _polled(call, taken.headers["Content-Location"])
        assert status == 200 and isinstance(bundle, dict) and "Expires" in headers
        assert (bundle["type"], bundle["entry"][0]["response"]["status"]) == ("batch-response", "200 OK")
        assert bundle["entry"][0]["resource"]["total"] >= 1
        gone = await call("DELETE", taken.headers["Content-Location"])
        assert gone.status == 202
        assert (await call("GET", taken.headers["Content-Location"])).status == 404


async def test_write_that_is_answered_later_is_done_once_and_audited(hub: HubProcess) -> None:
    async with caller(hub) as call:
        taken = await call("POST", "Patient", {**PATIENT, "id": "x"}, Prefer="respond-async, return=minimal")
        _, _, bundle = await _polled(call, taken.headers["Content-Location"])
        assert isinstance(bundle, dict)
        location = bundle["entry"][0]["response"]["location"]
        assert (await call("GET", location)).status == 200
        assert (await call.audit_of(taken))["outcome"] == "0"


async def test_job_is_refused_at_once_to_who_may_not_and_unknown_to_others(hub: HubProcess) -> None:
    async with caller(hub) as call, caller(hub, "gp-system") as surgery:
        assert (await surgery("GET", "Patient", Prefer="respond-async")).status == 403
        taken = await call("GET", "Patient", Prefer="respond-async")
        assert (await surgery("GET", taken.headers["Content-Location"])).status == 404


async def test_pages_of_a_set_origin_may_call(hub: HubProcess) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
        async with session.options(f"{hub.base_url}/Patient/1", headers=headers) as response:
            assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (204, "https://app.example")


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "hub.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unprotected = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "hub.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, unprotected))


async def test_tls_is_spoken_and_a_request_in_progress_is_finished_before_the_end(
    tmp_path: Path, definitions: Definitions
) -> None:
    _certificate(tmp_path)
    secure = SETTINGS.replace("http://127.0.0.1", "https://127.0.0.1")
    locality = Locality.make(tmp_path, secure + '\n[http]\ncertificate = "hub.pem"\nkey = "hub.key"\ngrace = 60\n')
    trust = ssl.create_default_context(cafile=str(tmp_path / "hub.pem"))
    with running_hub(locality) as running:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
            async with session.get(f"{running.base_url}/metadata") as response:
                assert (response.status, running.base_url[:8]) == (200, "https://")
            assert await _token_asked_for_at_the_end(session, running) == 401  # nothing is proven, and the answer came
        assert running.process.wait(PATIENCE) == 0


async def _token_asked_for_at_the_end(session: aiohttp.ClientSession, hub: HubProcess) -> int:
    """The status of an answer to a form that the hub has begun to read when it is told to stop."""

    async def is_stopping() -> bool:
        return "stopping" in [line["event"] for line in hub.log()]

    async def form() -> object:  # not begun before the hub says that it goes on
        hub.process.send_signal(signal.SIGTERM)
        yield b"grant_type=client"
        await eventually(is_stopping)
        yield b"_credentials"

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with session.post(hub.token_url, data=form(), headers=headers, expect100=True) as response:
        return response.status


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('certificate = "none.pem"', "none.pem, found what TLS cannot be spoken with: No such file or directory"),
        ('certificate = "careloom.toml"', "http.certificate: a certificate in PEM and its private key expected in"),
        ("workers = 2", "has one writer, in one process"),
        ('metrics = ["everywhere"]', "networks such as 10.0.0.0/8 expected"),
        ('allowances = ["anything"]', "merge-patch"),
    ],
)
def test_hub_that_cannot_be_served_says_why(
    settings: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locality = Locality.make(tmp_path, f"{SETTINGS}\n[http]\n{settings}\n")
    with pytest.raises(SystemExit) as ended:
        serve(settings=locality.file)
    structlog.reset_defaults()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("workers", [0, -2])
def test_hub_without_a_process_is_refused(workers: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locality = Locality.make(tmp_path)
    with pytest.raises(SystemExit):
        serve(settings=locality.file, workers=workers)
    structlog.reset_defaults()
    assert f"a whole number from 1 expected, found {workers}" in capsys.readouterr().err


def test_lines_of_the_log_are_json(hub: HubProcess) -> None:
    lines = hub.log_lines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)
