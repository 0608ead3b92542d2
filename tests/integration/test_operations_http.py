"""The operations of a running hub on SQLite, over real HTTP: one way through each family of them."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.integration.hub import SETTINGS, Answer, Caller, HubProcess, Locality, caller, eventually, running_hub

PEOPLE = 4
LATER = {"Prefer": "respond-async", "Accept": "application/fhir+json"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    folder = tmp_path_factory.mktemp("locality")
    (folder / "imports").mkdir()
    lines = ({"resourceType": "Organization", "id": f"o{n}", "name": f"Ward {n}"} for n in range(3))
    (folder / "imports" / "wards.ndjson").write_text("".join(f"{json.dumps(each)}\n" for each in lines) + "{broken\n")
    settings = f'{SETTINGS}\n[operations]\nimport_folder = "imports"\n'
    with running_hub(Locality.make(folder, settings)) as running:
        yield running


@pytest.fixture
async def call(hub: HubProcess) -> AsyncIterator[Caller]:
    async with caller(hub) as known:
        yield known


async def record(call: Caller, prefix: str) -> None:
    """Some people with two observations each, and a practitioner."""
    entries: list[dict[str, Any]] = [{"resourceType": "Practitioner", "id": f"{prefix}-dr"}]
    for n in range(PEOPLE):
        subject = {"reference": f"Patient/{prefix}-{n}"}
        name = {"family": f"Family{chr(97 + n)}", "given": ["Ada"]}
        entries.append(
            {"resourceType": "Patient", "id": f"{prefix}-{n}", "name": [name], "birthDate": f"1970-01-0{n + 1}"}
        )
        for when in ("2025-01-01", "2026-01-01"):
            entries.append(
                {
                    "resourceType": "Observation",
                    "id": f"{prefix}-{n}-{when}",
                    "status": "final",
                    "category": [{"text": "vital", "coding": [{"system": "urn:c", "code": "vital"}]}],
                    "code": {"coding": [{"system": "urn:o", "code": "pulse"}]},
                    "subject": subject,
                    "performer": [{"reference": f"Practitioner/{prefix}-dr"}],
                    "effectiveDateTime": when,
                    "valueString": f"Secret{prefix}",
                }
            )
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in entries
        ],
    }
    answer = await call("POST", "", bundle)
    assert answer.status == 200, answer.json


def ids(answer: Answer, mode: str = "match") -> list[str]:
    assert answer.status == 200, answer.json
    return sorted(each["resource"]["id"] for each in answer.json.get("entry", []) if each["search"]["mode"] == mode)


async def raw(call: Caller, url: str, **headers: str) -> tuple[int, Any, str]:
    """Status, headers and text of a GET."""
    given = {"Authorization": f"Bearer {call.token}", **headers} if call.token else headers
    async with call.session.get(url, headers=given) as response:
        return response.status, response.headers, await response.text()


async def finished(call: Caller, place: str) -> Any:
    """The manifest of a job, once it is there."""

    async def look() -> Any:
        status, headers, text = await raw(call, place)
        if status == 202:
            assert headers["X-Progress"] and int(headers["Retry-After"]) > 0 and text == ""
            return None
        assert status == 200, text
        assert headers["Expires"] and headers["Content-Type"].startswith("application/json")
        return json.loads(text)

    return await eventually(look)


async def test_everything_is_told_page_by_page_in_json_and_in_xml(call: Caller) -> None:
    await record(call, "every")
    seen, url = [], "Patient/every-1/$everything?_count=2"
    while url:
        page = await call("GET", url)
        seen += ids(page)
        url = next((each["url"] for each in page.json["link"] if each["relation"] == "next"), "")
    assert ["every-1", "every-1-2025-01-01", "every-1-2026-01-01"] == sorted(seen)
    whole = await call("GET", "Patient/every-1/$everything?start=2026-01-01")
    assert (["every-1", "every-1-2026-01-01"], ["every-dr"]) == (ids(whole), ids(whole, "include"))
    status, headers, text = await raw(
        call, f"{call.base_url}/Patient/every-1/$everything", Accept="application/fhir+xml"
    )
    assert (200, True) == (status, text.startswith("<")) and "xml" in headers["Content-Type"]


async def test_newest_observation_is_told(call: Caller) -> None:
    await record(call, "last")
    assert ["last-2-2026-01-01"] == ids(await call("GET", "Observation/$lastn?patient=last-2&category=vital"))
    assert 2 == len(ids(await call("GET", "Observation/$lastn?patient=last-2&code=urn:o|pulse&max=2")))


async def test_person_is_matched(call: Caller) -> None:
    await record(call, "match")
    asked = {"resourceType": "Patient", "name": [{"family": "Familyc", "given": ["Ada"]}], "birthDate": "1970-03-01"}
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": asked}]}
    answer = await call("POST", "Patient/$match", body)
    assert "match-2" in ids(answer)
    assert {"probable", "possible"} >= {each["search"]["extension"][0]["valueCode"] for each in answer.json["entry"]}


async def test_labels_are_added_told_and_taken_away(call: Caller) -> None:
    await record(call, "meta")
    tag = {"system": "urn:t", "code": "x"}
    body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}]}
    assert 200 == (await call("POST", "Patient/meta-0/$meta-add", body)).status
    for url in ("Patient/meta-0/$meta", "Patient/meta-0/_history/2/$meta", "Patient/$meta", "$meta"):
        assert [tag] == (await call("GET", url)).json["parameter"][0]["valueMeta"]["tag"], url
    assert 200 == (await call("POST", "Patient/meta-0/$meta-delete", body)).status
    assert "parameter" not in (await call("GET", "Patient/$meta")).json


async def test_composition_becomes_a_document_that_is_recorded(call: Caller) -> None:
    await record(call, "doc")
    composition = {
        "resourceType": "Composition",
        "id": "doc",
        "status": "final",
        "type": {"text": "Letter"},
        "date": "2026-01-01",
        "title": "Letter",
        "subject": {"reference": "Patient/doc-0"},
        "author": [{"reference": "Practitioner/doc-dr"}],
    }
    assert 201 == (await call("PUT", "Composition/doc", composition)).status
    made = await call("POST", "Composition/doc/$document?persist=true")
    assert (200, 3) == (made.status, len(made.json["entry"])), made.json
    assert made.json == (await call("GET", made.headers["Location"])).json


async def test_message_is_recorded_once(call: Caller) -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventUri": "urn:events:referral",
        "source": {"endpoint": "https://sender.example/fhir"},
        "focus": [{"reference": "urn:uuid:0d0a6ac3-64d9-4a5c-8d8c-2a9f5a9d2b11"}],
    }
    task = {"resourceType": "Task", "status": "requested", "intent": "order"}
    entries = [
        {"fullUrl": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7", "resource": header},
        {"fullUrl": "urn:uuid:0d0a6ac3-64d9-4a5c-8d8c-2a9f5a9d2b11", "resource": task},
    ]
    bundle = {"resourceType": "Bundle", "type": "message", "timestamp": "2026-01-01T00:00:00Z", "entry": entries}
    first, again = [await call("POST", "$process-message", bundle) for _ in range(2)]
    assert (200, "ok") == (first.status, first.json["entry"][0]["resource"]["response"]["code"])
    assert first.json == again.json
    assert 1 == (await call("GET", "Task?status=requested")).json["total"]


async def test_export_is_taken_on_told_fetched_with_a_token_and_deleted(hub: HubProcess, call: Caller) -> None:
    await record(call, "exp")
    asked = await call("GET", "Patient/$export?_type=Patient,Observation", **LATER)
    assert (202, "OperationOutcome") == (asked.status, asked.json["resourceType"])
    place = asked.headers["Content-Location"]
    manifest = await finished(call, place)
    assert {"transactionTime", "request", "requiresAccessToken", "output", "deleted", "error"} == manifest.keys()
    assert (True, f"{call.base_url}/Patient/$export?_type=Patient,Observation") == (
        manifest["requiresAccessToken"],
        manifest["request"],
    )
    for each in manifest["output"]:
        status, headers, text = await raw(call, each["url"], Accept="application/fhir+ndjson")
        lines = [json.loads(line) for line in text.splitlines()]
        assert (200, each["count"], {each["type"]}) == (status, len(lines), {line["resourceType"] for line in lines})
        assert headers["Content-Type"] == "application/fhir+ndjson"
        async with caller(hub, "") as nobody, caller(hub, "gp-system", scope="system/*.rs") as other:
            assert [401, 404] == [(await raw(who, each["url"]))[0] for who in (nobody, other)]
    counts = {each["type"]: each["count"] for each in manifest["output"]}
    assert counts["Patient"] >= PEOPLE and counts["Observation"] >= 2 * PEOPLE
    assert 202 == (await call("DELETE", place)).status
    assert 404 == (await call("GET", place)).status
    assert [404] == [(await raw(call, each["url"]))[0] for each in manifest["output"][:1]]


async def test_export_of_a_group_since_an_instant_tells_what_was_deleted(call: Caller) -> None:
    await record(call, "grp")
    members = [{"entity": {"reference": "Patient/grp-0"}}]
    await call(
        "PUT",
        "Group/grp",
        {"resourceType": "Group", "id": "grp", "type": "person", "actual": True} | {"member": members},
    )
    first = await finished(call, (await call("GET", "Group/grp/$export", **LATER)).headers["Content-Location"])
    assert {"Patient": 1, "Observation": 2, "Group": 1} == {each["type"]: each["count"] for each in first["output"]}
    await call("DELETE", "Observation/grp-0-2025-01-01")
    await call("DELETE", "Observation/grp-1-2025-01-01")
    since = first["transactionTime"]
    later = await finished(
        call, (await call("GET", f"Group/grp/$export?_since={since}", **LATER)).headers["Content-Location"]
    )
    (told,) = later["deleted"]
    _, _, text = await raw(call, told["url"])
    urls = [each["request"]["url"] for line in text.splitlines() for each in json.loads(line)["entry"]]
    assert (["Observation/grp-0-2025-01-01"], "Bundle") == (urls, told["type"])


async def test_export_that_cannot_be_is_refused_at_once(call: Caller) -> None:
    for url, headers in (
        ("$export", {}),
        ("$export?_type=Nonsense", LATER),
        ("$export?_since=whenever", LATER),
        ("$export?_typeFilter=Patient%3Fcolour%3Dred", LATER),
    ):
        answer = await call("GET", url, **headers)
        assert (400, "OperationOutcome") == (answer.status, answer.json["resourceType"]), url


async def test_import_records_good_lines_and_reports_the_others(call: Caller) -> None:
    data = b64encode(b'{"resourceType": "Organization", "id": "inline", "name": "Inline"}\n').decode()
    parts = [
        {
            "name": "input",
            "part": [{"name": "type", "valueCode": "Organization"}, {"name": "url", "valueUri": "wards.ndjson"}],
        },
        {"name": "input", "part": [{"name": "data", "valueBase64Binary": data}]},
    ]
    asked = await call("POST", "$import", {"resourceType": "Parameters", "parameter": parts}, **LATER)
    assert asked.status == 202, asked.json
    manifest = await finished(call, asked.headers["Content-Location"])
    assert [3, 1] == [each["count"] for each in manifest["output"]]
    (errors,) = manifest["error"]
    _, _, text = await raw(call, errors["url"])
    assert "line 4: " in json.loads(text)["issue"][0]["diagnostics"]
    assert 200 == (await call("GET", "Organization/o2")).status == (await call("GET", "Organization/inline")).status


async def test_erased_patient_is_gone_from_versions_searches_and_exports(call: Caller) -> None:
    await record(call, "era")
    place = (await call("GET", "Patient/$export", **LATER)).headers["Content-Location"]
    manifest = await finished(call, place)
    page = await call("GET", "Observation?_content=Secretera&_count=3&_include=Observation:subject")
    following = next(each["url"] for each in page.json["link"] if each["relation"] == "next")
    body = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "request of the patient"}]}
    assert 400 == (await call("POST", "Patient/era-0/$erase", body, Prefer="respond-async")).status
    answer = await call("POST", "Patient/era-0/$erase", body)
    assert answer.status == 200, answer.json
    while following:  # of a snapshot in which the patient was still there
        page = await call("GET", following)
        assert not [each for each in ids(page) + ids(page, "include") if each.startswith("era-0")]
        following = next((each["url"] for each in page.json["link"] if each["relation"] == "next"), "")
    for url in ("Patient/era-0", "Patient/era-0/_history/1", "Observation/era-0-2025-01-01/_history"):
        assert 404 == (await call("GET", url)).status, url
    for url in ("Observation?subject=Patient/era-0", "Patient?name=Familya&_id=era-0", "Patient/era-0/Observation"):
        assert 0 == (await call("GET", url)).json["total"], url
    found = await call("GET", "Observation?_content=Secretera&_include=Observation:subject&_count=100")
    assert 2 * (PEOPLE - 1) == len(ids(found)) and "era-0" not in ids(found, "include")
    assert [404, 404] == [(await raw(call, url))[0] for url in (place, manifest["output"][0]["url"])]
    event = await call.audit_of(answer)
    assert answer.json["parameter"][0]["part"][-1]["valueString"] in event["outcomeDesc"]


async def test_graphql_is_asked_in_every_way_of_sending_it(call: Caller) -> None:
    await record(call, "gql")
    query = "query ($id: String) { Patient(id: $id) { name { family } ObservationList(_reference: subject) { id } } }"
    told = {"query": query, "variables": {"id": "gql-1"}}
    by_json = await call("POST", "$graphql", told, Content_Type="application/json")
    assert by_json.status == 200, by_json.json
    assert [{"family": "Familyb"}] == by_json.json["data"]["Patient"]["name"]
    assert 2 == len(by_json.json["data"]["Patient"]["ObservationList"])
    text = b"{ name { family } }"
    by_text = await call("POST", "Patient/gql-1/$graphql", text, Content_Type="application/graphql")
    assert {"name": [{"family": "Familyb"}]} == by_text.json["data"]
    assert by_text.json == (await call("GET", "Patient/gql-1/$graphql?query={name{family}}")).json
    wrong = await call("POST", "$graphql", {"query": "{ oops"}, Content_Type="application/json")
    assert (400, "OperationOutcome") == (wrong.status, wrong.json["resourceType"])
    assert 415 == (await call("POST", "$graphql", b"{}", Content_Type="text/csv")).status


async def test_operations_are_told_in_the_capability_statement(call: Caller) -> None:
    rest = (await call("GET", "metadata")).json["rest"][0]
    of_system = {each["name"] for each in rest["operation"]}
    of_type = {each["type"]: {operation["name"] for operation in each["operation"]} for each in rest["resource"]}
    assert {"export", "import", "meta", "process-message", "graphql"} <= of_system
    assert {"everything", "match", "export", "erase", "meta", "meta-add", "meta-delete"} <= of_type["Patient"]
    assert ("lastn" in of_type["Observation"], "document" in of_type["Composition"]) == (True, True)


async def test_export_cut_off_by_the_end_of_its_process_is_told_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    locality = Locality.make(tmp_path_factory.mktemp("restart"))
    with running_hub(locality) as first:
        async with caller(first) as call:
            await record(call, "cut")
            place = (await call("GET", "$export", **LATER)).headers["Content-Location"]
            await finished(call, place)
        first.stop()
    job = locality.folder / "var" / "jobs" / place.rpartition("/")[2] / "job.json"
    told = json.loads(job.read_text())
    job.write_text(json.dumps({**told, "is_done": False, "seen": "2026-01-01T00:00:00.000000Z"}))
    with running_hub(locality) as second:
        async with caller(second) as call:
            answer = await call("GET", f"_jobs/{told['id']}")
            assert (500, True) == (answer.status, "cut off" in answer.json["issue"][0]["diagnostics"])
            assert "Retry-After" not in answer.headers
