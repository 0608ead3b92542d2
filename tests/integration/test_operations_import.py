"""$import: every good line recorded, every bad one told by its number, nothing from outside the folder."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from tests.unit.rest import conftest as fixtures
from tests.unit.rest.desk import BASE, GRANT, NOW, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.errors import CareloomError
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.job import Job, Task
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.outcomes import refusal
from careloom.rest.perform import perform

desk, hub_key, parameters = fixtures.desk, fixtures.hub_key, fixtures.parameters


def ndjson(*resources: Any) -> bytes:
    return b"".join((each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in resources)


def part(**values: str) -> dict[str, Any]:
    kinds = {"type": "valueCode", "url": "valueUri", "data": "valueBase64Binary"}
    return {"name": "input", "part": [{"name": name, kinds[name]: value} for name, value in values.items()]}


def sent(*lines: Any, type: str = "") -> dict[str, Any]:
    data = {"data": b64encode(ndjson(*lines)).decode()}
    return part(**({"type": type} if type else {}), **data)


class Importer:
    """Runs an import as a job would, with a folder for its files and one for imports."""

    def __init__(self, desk: Desk, root: Path) -> None:
        self.files, self.folder = root / "files", root / "imports"
        self.files.mkdir()
        self.folder.mkdir()
        self.desk = desk.with_hub(jobs=object(), import_folder=self.folder)
        self.task = Task(Job("j", "acute-epr", f"{BASE}/$import", "$import", NOW, NOW, is_bulk=True), self.files, BASE)

    async def __call__(self, *parts: dict[str, Any], scopes: str = "system/*.cruds", **hub: Any) -> FhirResponse:
        desk = self.desk.with_hub(**hub) if hub else self.desk
        route = desk.hub.routes.find("POST", "$import")
        grant = GRANT.__class__(
            **{name: getattr(GRANT, name) for name in GRANT.__slots__} | {"scopes": parse_scopes(scopes)}
        )
        body: Resource = {"resourceType": "Parameters", "parameter": list(parts)}
        request = route.addressed(
            FhirRequest(
                "", "POST", "$import", headers={"prefer": "respond-async"}, body=body, grant=grant, task=self.task
            )
        )
        assert route.interaction.operation and route.interaction.operation.check
        try:
            await route.interaction.operation.check(request, desk.hub)
        except CareloomError as error:
            return refusal(error)
        return await perform(route.interaction, request, desk.hub)

    def refused(self, answer: FhirResponse) -> list[tuple[int, str]]:
        """Number and reason of each line that was refused."""
        assert answer.json is not None, answer.resource
        errors: Any = answer.json["error"]
        names = [each["url"].rpartition("/")[2] for each in errors]
        lines = [json.loads(line) for name in names for line in (self.files / name).read_text().splitlines()]
        assert sum(each["count"] for each in errors) == len(lines)
        return [(each["issue"][0]["extension"][0]["valueInteger"], each["issue"][0]["diagnostics"]) for each in lines]


@pytest.fixture
def importer(desk: Desk, tmp_path: Path) -> Importer:
    return Importer(desk, tmp_path)


async def test_good_lines_are_recorded_and_bad_ones_are_told_by_their_number(importer: Importer) -> None:
    lines = (
        patient(id="one"),
        b"{not json",
        patient(),
        b"",
        {"resourceType": "Spaceship", "id": "x"},
        patient(id="bad id"),
        {**patient(id="part"), "meta": {"tag": [{"system": SUBSETTED, "code": "SUBSETTED"}]}},
        patient(id="two"),
    )
    answer = await importer(sent(*lines))
    assert 3 == len(await importer.desk.all("Patient"))
    refused = importer.refused(answer)
    assert [2, 5, 6, 7] == [number for number, _ in refused]
    assert all(reason.startswith(f"line {number}: ") for number, reason in refused)
    assert answer.json is not None
    assert [{"type": "Patient", "inputUrl": "input 1", "count": 3}] == answer.json["output"]


SUBSETTED = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"


async def test_what_does_not_conform_is_refused_with_all_its_issues(importer: Importer) -> None:
    importer.desk.validator.issues["Patient"] = [Issue("error", "invalid", "no name"), Issue("warning", "invalid", "w")]
    refused = importer.refused(await importer(sent(patient(id="one"), {"resourceType": "Organization", "id": "o"})))
    assert ([(1, "line 1: no name")], 1) == (refused, len(await importer.desk.all("Organization")))


async def test_files_of_the_folder_are_imported_batch_by_batch(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careloom.rest.operations.importing.AT_ONCE", 2)
    (importer.folder / "deep").mkdir()
    (importer.folder / "deep" / "patients.ndjson").write_bytes(ndjson(*(patient(id=f"p{n}") for n in range(5))))
    answer = await importer(part(url="deep/patients.ndjson", type="Patient"))
    assert (5, []) == (len(await importer.desk.all("Patient")), importer.refused(answer))
    assert "5 lines recorded, 0 refused" == importer.task.progress


async def test_import_again_makes_no_new_versions(importer: Importer) -> None:
    for _ in range(2):
        await importer(sent(patient(id="one")))
    (recorded,) = await importer.desk.all("Patient")
    assert "1" == recorded["meta"]["versionId"]


async def test_what_is_recorded_is_audited_in_its_commit(importer: Importer) -> None:
    await importer(sent(patient(id="one"), patient(id="two")))
    told = {each.get("what", {}).get("reference") for event in await importer.desk.audits() for each in event["entity"]}
    assert {"Patient/one/_history/1", "Patient/two/_history/1"} <= told


async def test_line_of_a_type_that_the_client_may_not_write_is_refused(importer: Importer) -> None:
    lines = (patient(id="one"), {"resourceType": "Organization", "id": "o"}, {"resourceType": "AuditEvent", "id": "a"})
    refused = importer.refused(await importer(sent(*lines), scopes="system/Patient.cu system/AuditEvent.cu"))
    assert ([2, 3], 1) == ([number for number, _ in refused], len(await importer.desk.all("Patient")))
    named = await importer(sent(patient(id="two"), type="Patient"), scopes="system/Organization.cu")
    assert 403 == named.status


async def test_who_may_only_create_imports_lines_without_an_id(importer: Importer) -> None:
    answer = await importer(sent(patient(), patient(id="two"), type="Patient"), scopes="system/Patient.c")
    assert ([2], 1) == ([number for number, _ in importer.refused(answer)], len(await importer.desk.all("Patient")))


async def test_line_over_the_ceiling_is_told_and_the_next_is_read(importer: Importer) -> None:
    limits = importer.desk.hub.limits.__class__(body=200)
    answer = await importer(sent(patient(id="long", language="x" * 900), patient(id="short")), limits=limits)
    assert [1] == [number for number, _ in importer.refused(answer)]
    assert ["short"] == [each["id"] for each in await importer.desk.all("Patient")]


async def test_line_of_another_type_than_the_input_says_is_refused(importer: Importer) -> None:
    refused = importer.refused(await importer(sent(patient(id="one"), type="Organization")))
    assert [(1, "line 1: resourceType: 'Organization' expected by input.type, found 'Patient'")] == refused


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("../secret.ndjson", 404),
        ("/etc/passwd", 404),
        ("link.ndjson", 404),
        ("none.ndjson", 404),
        ("", 400),
        ("https://elsewhere.example/x.ndjson", 400),
    ],
    ids=["above", "absolute", "link", "none", "empty", "address"],
)
async def test_nothing_is_read_from_outside_the_folder(importer: Importer, url: str, status: int) -> None:
    secret = importer.folder.parent / "secret.ndjson"
    secret.write_bytes(ndjson(patient(id="secret")))
    (importer.folder / "link.ndjson").symlink_to(secret)
    assert status == (await importer(part(url=url))).status
    assert [] == await importer.desk.all("Patient")


async def test_without_a_folder_no_file_is_read(importer: Importer) -> None:
    answer = await importer(part(url="x.ndjson"), import_folder=None)
    assert answer.resource is not None
    assert "no folder for imports" in answer.resource["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (part(),),
        (part(url="a", data="e30="),),
        (part(data="not base64!"),),
        (part(data="e30=", type="Spaceship"),),
        (sent(), {"name": "inputFormat", "valueCode": "text/csv"}),
    ],
    ids=["nothing", "empty", "both", "base64", "type", "format"],
)
async def test_what_cannot_be_understood_is_refused_before_the_work(
    importer: Importer, parts: tuple[dict[str, Any], ...]
) -> None:
    assert 400 == (await importer(*parts)).status


async def test_import_is_answered_later_or_not_at_all(desk: Desk) -> None:
    body = {"resourceType": "Parameters", "parameter": [sent(patient())]}
    assert 400 == (await desk("POST", "$import", body)).status
