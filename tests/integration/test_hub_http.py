"""The hub over real HTTP: what a client sees, and that bad input leaves nothing but its audit record."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from tests.integration import hub as hubs
from tests.integration.hub import Answer, Caller, HubProcess, ask_token, caller
from tests.patience import PATIENCE

from careloom.governance import Authority, Client, new_key, parse_scopes, read_private_keys, token_form
from careloom.governance.tokens import make_access_token

PATIENT = {"resourceType": "Patient", "name": [{"family": "Ashe"}]}
FIFTY_MEGABYTES = 50_000_000


hub, call = hubs.hub_of_a_file, hubs.client_of_the_hub


@pytest.fixture
async def stranger(hub: HubProcess) -> AsyncIterator[Caller]:
    async with caller(hub, "") as unknown:
        yield unknown


async def record(call: Caller) -> list[str]:
    """What the record holds but for audit records: every version of everything these tests write."""
    found = []
    for type in ("Patient", "Observation", "Bundle", "Basic"):
        bundle = (await call("GET", f"{type}?_count=1000")).json
        found += [f"{each['fullUrl']}/{each['resource']['meta']['versionId']}" for each in bundle.get("entry", ())]
    return sorted(found)


def assert_outcome(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json["resourceType"]) == (status, "OperationOutcome")
    assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert answer.json["issue"][0]["code"] == code


# -- what a client sees ------------------------------------------------------------------------------------------------


async def test_a_resource_is_created_read_updated_searched_and_deleted(call: Caller) -> None:
    created = await call("POST", "Patient", {**PATIENT, "identifier": [{"system": "urn:x", "value": "life"}]})
    assert created.status == 201
    url = f"Patient/{created.json['id']}"
    assert created.headers["Location"] == f"{call.base_url}/{url}/_history/1"
    updated = await call("PUT", url, {**created.json, "active": True}, If_Match=created.headers["ETag"])
    assert (updated.status, updated.headers["ETag"]) == (200, 'W/"2"')
    assert (await call("PUT", url, created.json, If_Match='W/"1"')).status == 412
    assert (await call("GET", url, If_None_Match='W/"2"')).status == 304
    assert "active" not in (await call("GET", f"{url}/_history/1")).json
    assert (await call("GET", "Patient?identifier=urn:x|life")).json["total"] == 1
    assert (await call("DELETE", url)).status == 204
    assert (await call("GET", url)).status == 410
    assert (await call("GET", "Patient?identifier=urn:x|life")).json["total"] == 0


async def test_decimals_keep_their_digits_over_the_network(call: Caller) -> None:
    observation = b"""{"resourceType": "Observation", "status": "final", "code": {"text": "K"},
        "valueQuantity": {"value": 4.10, "unit": "mmol/L"}}"""
    created = await call("POST", "Observation", observation)
    address = f"{call.base_url}/Observation/{created.json['id']}"
    async with call.session.get(address, headers={"Authorization": f"Bearer {call.token}"}) as response:
        assert b'"value":4.10' in await response.read()


async def test_head_tells_the_headers_of_a_read(call: Caller) -> None:
    created = await call("POST", "Patient", PATIENT)
    answer = await call("HEAD", f"Patient/{created.json['id']}")
    assert (answer.status, answer.json, answer.headers["ETag"]) == (200, None, 'W/"1"')


async def test_request_id_is_taken_if_sane_and_made_otherwise(call: Caller) -> None:
    taken = await call("GET", "Patient/none", X_Request_Id="abc-1")
    made = await call("GET", "Patient/none", X_Request_Id="a b" + "c" * 100)
    assert taken.headers["X-Request-Id"] == "abc-1"
    assert made.headers["X-Request-Id"] not in ("", "a b" + "c" * 100)
    audit = await call.audit_of(taken)
    assert "abc-1" in json.dumps(audit)


async def test_search_by_post_has_its_parameters_in_the_form(call: Caller) -> None:
    await call("POST", "Patient", {**PATIENT, "identifier": [{"system": "urn:x", "value": "form"}]})
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = await call("POST", "Patient/_search", b"identifier=urn%3Ax%7Cform", **form)
    assert (answer.status, answer.json["total"]) == (200, 1)


async def test_what_is_offered_is_told_to_anybody(stranger: Caller) -> None:
    capabilities = (await stranger("GET", "metadata")).json
    configuration = (await stranger("GET", ".well-known/smart-configuration")).json
    resources = {each["type"]: each for each in capabilities["rest"][0]["resource"]}
    assert "create" in [each["code"] for each in resources["Patient"]["interaction"]]
    assert "create" not in [each["code"] for each in resources["AuditEvent"]["interaction"]]
    assert configuration["token_endpoint"] == f"{stranger.base_url}/auth/token"


async def test_capability_statement_is_valid(call: Caller) -> None:
    statement = (await call("GET", "metadata")).json
    answer = await call("POST", "CapabilityStatement/$validate", statement)
    assert [issue for issue in answer.json["issue"] if issue["severity"] in ("error", "fatal")] == []


async def test_audit_records_are_valid_fhir(call: Caller) -> None:
    await call("GET", "Patient?family=ashe")
    events = (await call("GET", "AuditEvent?_count=20")).json["entry"]
    for event in events:
        answer = await call("POST", "AuditEvent/$validate", event["resource"])
        assert [issue for issue in answer.json["issue"] if issue["severity"] in ("error", "fatal")] == []


async def test_pretty_json_has_lines(call: Caller) -> None:
    async with call.session.get(f"{call.base_url}/metadata?_pretty=true") as response:
        assert (await response.text()).count("\n") > 100


def _discharge(birth_date: str) -> dict[str, Any]:
    """What a hospital sends when a patient goes home: six resources that refer to each other."""
    ward = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    subject = {"subject": {"reference": "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a01"}}
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "233604007", "display": "Pneumonia"}]}
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9000000009"}],
        "name": [{"family": "Ashe", "given": ["Ada"]}],
        "birthDate": birth_date,
    }
    encounter = {"resourceType": "Encounter", "status": "finished", "class": {"system": ward, "code": "IMP"}, **subject}
    condition = {"resourceType": "Condition", "code": code, **subject}
    statement = {"status": "active", "medicationCodeableConcept": {"text": "Amoxicillin"}, **subject}
    medication = {"resourceType": "MedicationStatement", **statement}
    active = {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"coding": [active]},
        "code": {"text": "Penicillin"},
        "patient": subject["subject"],
    }
    letter = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "Discharge letter"},
        "date": "2026-11-22T11:00:00Z",
        "title": "Discharge letter",
        "author": [{"display": "Dr Blake"}],
        "encounter": {"reference": "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a02"},
        "section": [{"title": "Diagnoses", "entry": [{"reference": "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a03"}]}],
        **subject,
    }
    resources: list[dict[str, Any]] = [patient, encounter, condition, medication, allergy, letter]
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a{number:02}",
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for number, resource in enumerate(resources, 1)
    ]
    entries[0]["request"] |= {"ifNoneExist": "identifier=https://fhir.nhs.uk/Id/nhs-number|9000000009"}
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


async def test_discharge_is_recorded_whole_or_not_at_all(call: Caller) -> None:
    before = await record(call)
    refused = await call("POST", "", _discharge("the first of May"))
    assert_outcome(refused, 422, "invalid")
    assert refused.json["issue"][0]["expression"] == ["Bundle.entry[0].resource.birthDate"]
    assert await record(call) == before

    recorded = await call("POST", "", _discharge("1940-05-01"))
    assert recorded.status == 200, recorded.json
    assert [each["response"]["status"] for each in recorded.json["entry"]] == ["201 Created"] * 6
    patient, encounter, condition, *_, letter = [
        each["response"]["location"].removeprefix(f"{call.base_url}/").partition("/_history")[0]
        for each in recorded.json["entry"]
    ]
    told = (await call("GET", letter)).json
    assert told["subject"]["reference"] == patient
    assert told["encounter"]["reference"] == encounter
    assert told["section"][0]["entry"][0]["reference"] == condition
    found = await call("GET", f"AllergyIntolerance?patient={patient}&_include=AllergyIntolerance:patient")
    assert [each["search"]["mode"] for each in found.json["entry"]] == ["match", "include"]

    again = await call("POST", "", _discharge("1940-05-01"))
    assert [each["response"]["status"] for each in again.json["entry"]] == ["200 OK", *["201 Created"] * 5]


# -- bad input ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """A request that must be refused."""

    name: str
    status: int
    code: str
    body: bytes
    method: str = "POST"
    url: str = "Patient"


def _deep(levels: int) -> bytes:
    return b'{"resourceType":"Basic","x":' + b"[" * levels + b"]" * levels + b"}"


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


BAD = (
    Bad("empty", 400, "structure", b""),
    Bad("not JSON", 400, "structure", b"\x89PNG\r\n\x1a\n"),
    Bad("truncated", 400, "structure", _json(PATIENT)[:-10]),
    Bad("an array", 400, "structure", b"[]"),
    Bad("10,000 levels deep", 400, "structure", _deep(10_000), url="Basic"),
    Bad("500 levels deep", 400, "structure", _deep(500), url="Basic"),
    Bad("duplicate keys", 400, "structure", b'{"resourceType":"Patient","gender":"male","gender":"female"}'),
    Bad("another type", 400, "structure", _json(PATIENT), url="Observation"),
    Bad("no type", 400, "structure", b'{"name": []}'),
    Bad("unknown type", 404, "not-found", b'{"resourceType":"Patent"}', url="Patent"),
    Bad("NUL escape", 400, "structure", b'{"resourceType":"Patient","name":[{"family":"A\\u0000"}]}'),
    Bad("NUL byte", 400, "structure", b'{"resourceType":"Patient","name":[{"family":"A\x00"}]}'),
    Bad("lone surrogate", 400, "structure", b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}'),
    Bad("not UTF-8", 400, "structure", b'{"resourceType":"Patient","name":[{"family":"\xc3"}]}'),
    Bad("id mismatch", 400, "structure", _json({**PATIENT, "id": "b"}), "PUT", "Patient/a"),
    Bad("no id", 400, "structure", _json(PATIENT), "PUT", "Patient/a"),
    Bad("impossible id", 400, "structure", _json({**PATIENT, "id": "a b"}), "PUT", "Patient/a%20b"),
    Bad("unknown element", 422, "structure", _json({**PATIENT, "favourite": "tea"})),
    Bad("wrong value", 422, "invalid", _json({**PATIENT, "birthDate": "yesterday"})),
    Bad("patch that is no resource", 400, "structure", b"[]", "PATCH", "Patient/a"),
    Bad("audit event", 405, "not-supported", b'{"resourceType":"AuditEvent"}', url="AuditEvent"),
    Bad("bundle of no kind", 400, "structure", b'{"resourceType":"Bundle"}', url=""),
    Bad("entries are no list", 400, "structure", b'{"resourceType":"Bundle","type":"transaction","entry":7}', url=""),
    Bad("entry is no object", 400, "structure", b'{"resourceType":"Bundle","type":"transaction","entry":[7]}', url=""),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_bad_input_is_refused_and_leaves_only_its_audit_record(call: Caller, bad: Bad) -> None:
    before = await record(call)
    answer = await call(bad.method, bad.url, bad.body)
    assert_outcome(answer, bad.status, bad.code)
    assert await record(call) == before
    audit = await call.audit_of(answer)
    assert (audit["outcome"], audit["agent"][0]["who"]["identifier"]["value"]) == ("4", "acute-epr")


async def test_all_issues_of_a_resource_that_does_not_conform_are_told(call: Caller) -> None:
    answer = await call("POST", "Patient", {**PATIENT, "favourite": "tea", "gender": 7, "birthDate": "x"})
    places = {issue["expression"][0] for issue in answer.json["issue"] if issue["severity"] == "error"}
    assert {"Patient.favourite", "Patient.gender", "Patient.birthDate"} <= places


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "undeclared"])
async def test_fifty_megabytes_are_refused_without_being_kept_in_memory(
    hub: HubProcess, call: Caller, chunked: bool
) -> None:
    before, memory = await record(call), _resident(hub)
    status = await _send_much(call, chunked)
    assert status == 413
    assert _resident(hub) - memory < FIFTY_MEGABYTES // 5
    assert await record(call) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "text/turtle"}, 406),
        ({"Content_Type": "text/turtle"}, 415),
        ({"Content_Type": "application/json; charset=utf-16"}, 415),
        ({"Content_Encoding": "br"}, 415),
    ],
)
async def test_media_types_that_are_not_spoken_are_refused(call: Caller, headers: dict[str, str], status: int) -> None:
    before = await record(call)
    assert_outcome(await call("POST", "Patient", PATIENT, **headers), status, "not-supported")
    assert await record(call) == before


async def test_parameters_that_cannot_be_read_are_refused(call: Caller) -> None:
    for query in ("identifier=%ff", "identifier=%00", "birthdate=yesterday", "&".join(["_id=1"] * 300)):
        assert_outcome(await call("GET", f"Patient?{query}"), 400, "structure" if "birth" not in query else "invalid")


# -- tokens ------------------------------------------------------------------------------------------------------------


async def test_without_a_token_nothing_is_told_and_the_audit_knows(call: Caller, stranger: Caller) -> None:
    answer = await stranger("GET", "Patient")
    assert_outcome(answer, 401, "login")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="careloom"'
    assert (await call.audit_of(answer))["outcome"] == "8"


async def test_tokens_that_are_not_good_are_refused(hub: HubProcess, call: Caller, stranger: Caller) -> None:
    head, claims, signature = call.token.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"
    forged = {
        "unsigned": f"{none}.{claims}.",
        "none with signature": f"{none}.{claims}.{signature}",
        "changed": f"{head}.{claims[:-4]}AAAA.{signature}",
        "no token": "nonsense",
        "expired": _token(hub, at=datetime.now(UTC) - timedelta(hours=1)),
        "other audience": _token(hub, base_url="https://elsewhere.example/fhir"),
        "unknown client": _token(hub, client="nobody"),
        "other key": _token(hub, foreign=True),
    }
    for name, token in forged.items():
        answer = await stranger("GET", "Patient", Authorization=f"Bearer {token}")
        assert answer.status == 401, name
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], name
    good = await stranger("GET", "Patient", Authorization=f"Bearer {_token(hub)}")
    assert good.status == 200


async def test_assertion_is_good_for_one_token(hub: HubProcess) -> None:
    key = hub.locality.keys["acute-epr"]
    form = token_form(key, client="acute-epr", token_url=hub.token_url, scope="system/*.rs", now=datetime.now(UTC))
    async with aiohttp.ClientSession() as session:
        async with session.post(hub.token_url, data=form) as first:
            assert first.status == 200
            assert first.headers["Cache-Control"] == "no-store"
        async with session.post(hub.token_url, data=form) as second:
            told = await second.json()
            assert (second.status, told["error"]) == (401, "invalid_client")
            assert "Careloom-Audit" in second.headers


async def test_token_request_that_is_no_form_is_refused(stranger: Caller) -> None:
    assert_outcome(await stranger("POST", "auth/token", {"grant_type": "client_credentials"}), 415, "not-supported")


async def test_client_gets_no_more_than_agreed(hub: HubProcess, call: Caller) -> None:
    created = await call("POST", "Patient", PATIENT)
    async with caller(hub, "gp-system") as surgery:
        read = await surgery("GET", f"Patient/{created.json['id']}")
        absent = await surgery("GET", "Patient/none")
        write = await surgery("POST", "Patient", PATIENT)
    assert_outcome(read, 403, "forbidden")
    assert (absent.status, write.status) == (403, 403)
    assert "no agreement lets organisation 'gp' read Patient" in read.json["issue"][0]["diagnostics"]
    assert 'error="insufficient_scope"' in write.headers["WWW-Authenticate"]
    audit = await call.audit_of(read)
    assert (audit["outcome"], audit["agent"][0]["who"]["identifier"]["value"]) == ("8", "gp-system")


async def test_token_without_purpose_opens_nothing(hub: HubProcess) -> None:
    async with aiohttp.ClientSession() as session:
        told = await ask_token(session, hub, "acute-epr", purpose="")
        answer = await Caller(session, hub.base_url, told["access_token"])("GET", "Patient")
    assert_outcome(answer, 403, "forbidden")
    assert "purpose" in answer.json["issue"][0]["diagnostics"]


# -- at once -----------------------------------------------------------------------------------------------------------


async def test_racing_conditional_creates_make_one_patient(call: Caller) -> None:
    sent = {**PATIENT, "identifier": [{"system": "urn:x", "value": "race"}]}
    racing = (call("POST", "Patient", sent, If_None_Exist="identifier=urn:x|race") for _ in range(32))
    answers = await asyncio.gather(*racing)
    assert sorted(answer.status for answer in answers) == [200] * 31 + [201]
    assert (await call("GET", "Patient?identifier=urn:x|race")).json["total"] == 1


async def test_racing_updates_of_one_version_let_one_through(call: Caller) -> None:
    created = await call("POST", "Patient", PATIENT)
    url = f"Patient/{created.json['id']}"
    changed = ({**created.json, "birthDate": f"1950-01-{day:02}"} for day in range(1, 17))
    racing = (call("PUT", url, body, If_Match='W/"1"') for body in changed)
    assert sorted(answer.status for answer in await asyncio.gather(*racing)) == [200] + [412] * 15


# -- helpers -----------------------------------------------------------------------------------------------------------


def _token(
    hub: HubProcess,
    *,
    at: datetime | None = None,
    base_url: str = "",
    client: str = "acute-epr",
    foreign: bool = False,
) -> str:
    """A token as the hub would make it, but for one thing."""
    keys = (new_key("ES256"),) if foreign else read_private_keys(hub.locality.folder / "var" / "hub-key.json")
    authority = Authority(base_url or hub.base_url, keys)
    scopes = parse_scopes("system/*.cruds")
    somebody = Client(client, "acute", scopes=scopes)
    return make_access_token(authority, somebody, scopes=scopes, purpose="TREAT", now=at or datetime.now(UTC))[0]


def _resident(hub: HubProcess) -> int:
    """Bytes of memory the hub holds now."""
    status = Path(f"/proc/{hub.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


async def _send_much(call: Caller, chunked: bool) -> int:
    """Send fifty megabytes as fast as they are taken; the status of the answer, whenever it comes."""
    place = urlsplit(call.base_url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {FIFTY_MEGABYTES}"
    lines = [
        f"POST {place.path}/Patient HTTP/1.1",
        f"Host: {place.netloc}",
        f"Authorization: Bearer {call.token}",
        "Content-Type: application/fhir+json",
        framing,
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    sending = asyncio.create_task(_pour(writer, chunked))
    status = (await asyncio.wait_for(reader.readline(), PATIENCE)).split()[1]
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.close()
    return int(status)


async def _pour(writer: asyncio.StreamWriter, chunked: bool) -> None:
    piece = b" " * 50_000
    for _ in range(FIFTY_MEGABYTES // len(piece)):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
