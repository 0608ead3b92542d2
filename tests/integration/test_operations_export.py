"""$export: what is in the files, what is not, and what is refused before the work begins."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.rest import conftest as fixtures
from tests.unit.rest.desk import BASE, GRANT, NOW, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.errors import CareloomError
from careloom.rest.job import Job, Task
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.outcomes import refusal
from careloom.rest.perform import perform

desk, hub_key, parameters = fixtures.desk, fixtures.hub_key, fixtures.parameters

ASYNC = {"prefer": "respond-async"}


class Exporter:
    """Runs an export as a job would, in a folder of its own."""

    def __init__(self, desk: Desk, files: Path) -> None:
        self.desk = desk.with_hub(jobs=object())
        self.task = Task(Job("j", "acute-epr", f"{BASE}/$export", "$export", NOW, NOW, is_bulk=True), files, BASE)

    async def __call__(self, url: str, **changes: Any) -> FhirResponse:
        path, _, query = url.partition("?")
        route = self.desk.hub.routes.find("GET", path)
        asked = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
        request = FhirRequest("", "GET", url, parameters=tuple(asked), headers=ASYNC, grant=GRANT, task=self.task)
        request = route.addressed(replace(request, **changes))
        assert route.interaction.operation and route.interaction.operation.check
        try:
            await route.interaction.operation.check(request, self.desk.hub)
        except CareloomError as error:
            return refusal(error)
        return await perform(route.interaction, request, self.desk.hub)

    def lines(self, response: FhirResponse, kind: str = "output") -> list[Any]:
        """All that the files of a manifest hold."""
        assert response.json is not None, response.resource
        files: Any = response.json[kind]
        found = [line for each in files for line in self._file(each["url"]).splitlines()]
        assert sum(each["count"] for each in files) == len(found)
        return [json.loads(line) for line in found]

    def told(self, response: FhirResponse) -> list[str]:
        return sorted(f"{each['resourceType']}/{each['id']}" for each in self.lines(response))

    def _file(self, url: str) -> str:
        return (self.task.files / url.removeprefix(f"{BASE}/_jobs/j/")).read_text()


@pytest.fixture
async def export(desk: Desk, tmp_path: Path) -> AsyncIterator[Exporter]:
    def about(type: str, id: str, who: str, **more: Any) -> Any:
        return {"resourceType": type, "id": id, "subject": {"reference": f"Patient/{who}"}, **more}

    members = [{"entity": {"reference": "Patient/p"}}, {"entity": {"reference": "Patient/q"}, "inactive": True}]
    for resource in (
        patient(id="p", managingOrganization={"reference": "Organization/o"}),
        patient(id="q"),
        about("Condition", "c-p", "p", code={"text": "asthma"}),
        about("Condition", "c-q", "q"),
        {"resourceType": "Device", "id": "d-p", "patient": {"reference": "Patient/p"}},
        {"resourceType": "Device", "id": "d-none"},
        {"resourceType": "Organization", "id": "o", "name": "Trust"},
        {"resourceType": "Organization", "id": "unused"},
        {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members},
    ):
        await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    yield Exporter(desk, tmp_path)


async def test_system_is_exported_whole_but_for_the_audit(export: Exporter) -> None:
    answer = await export("$export")
    assert [
        "Condition/c-p",
        "Condition/c-q",
        "Device/d-none",
        "Device/d-p",
        "Group/g",
        "Organization/o",
        "Organization/unused",
        "Patient/p",
        "Patient/q",
    ] == export.told(answer)
    assert answer.json is not None
    assert (True, [], []) == tuple(answer.json[name] for name in ("requiresAccessToken", "error", "deleted"))
    assert f"{BASE}/$export" == answer.json["request"]


async def test_audit_is_exported_where_it_is_named(export: Exporter) -> None:
    found = export.lines(await export("$export?_type=AuditEvent"))
    assert found and {"AuditEvent"} == {each["resourceType"] for each in found}


async def test_patients_are_exported_with_what_is_about_them(export: Exporter) -> None:
    answer = await export("Patient/$export")
    assert ["Condition/c-p", "Condition/c-q", "Device/d-p", "Group/g", "Patient/p", "Patient/q"] == export.told(answer)


async def test_group_is_exported_by_its_active_members(export: Exporter) -> None:
    answer = await export("Group/g/$export")
    assert ["Condition/c-p", "Device/d-p", "Group/g", "Patient/p"] == export.told(answer)
    assert ["Group/g"] == [version.reference for version in answer.versions]


async def test_types_outside_the_compartment_come_where_something_refers_to_them(export: Exporter) -> None:
    answer = await export("Group/g/$export?_type=Patient,Organization")
    assert ["Organization/o", "Patient/p"] == export.told(answer)


async def test_filters_hold_for_their_type_and_are_alternatives(export: Exporter) -> None:
    one = await export("$export?_type=Patient,Condition&_typeFilter=Condition%3Fsubject=Patient/q".replace("%3F", "?"))
    assert ["Condition/c-q", "Patient/p", "Patient/q"] == export.told(one)
    for file in export.task.files.iterdir():
        file.unlink()
    both = "Condition?subject=Patient/q,Condition?subject=Patient/p"
    assert ["Condition/c-p", "Condition/c-q"] == export.told(
        await export(f"$export?_type=Condition&_typeFilter={both}")
    )


async def test_elements_are_told_in_part_and_say_so(export: Exporter) -> None:
    (found,) = export.lines(await export("$export?_type=Organization&_typeFilter=Organization?_id=o&_elements=alias"))
    assert "name" not in found and "SUBSETTED" == found["meta"]["tag"][0]["code"]


async def test_what_was_deleted_since_is_told_by_whose_it_was(export: Exporter) -> None:
    await export.desk("DELETE", "Condition/c-p")
    await export.desk("DELETE", "Condition/c-q")
    since = (NOW - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    answer = await export(f"Group/g/$export?_since={since}")
    (bundle,) = export.lines(answer, "deleted")
    assert ("transaction", "DELETE", "Condition/c-p") == (
        bundle["type"],
        bundle["entry"][0]["request"]["method"],
        bundle["entry"][0]["request"]["url"],
    )
    assert [] == export.lines(await export("$export?_since=2030-01-01T00:00:00Z"))


async def test_what_came_back_is_not_told_as_deleted(export: Exporter) -> None:
    await export.desk("DELETE", "Organization/o")
    await export.desk("PUT", "Organization/o", {"resourceType": "Organization", "id": "o"})
    answer = await export("$export?_since=2020-01-01&_type=Organization")
    assert ["Organization/o", "Organization/unused"] == export.told(answer)
    assert [] == export.lines(answer, "deleted")


async def test_only_what_the_client_may_search_is_exported(export: Exporter) -> None:
    narrow = replace(GRANT, scopes=parse_scopes("system/Condition.rs"))
    assert ["Condition/c-p", "Condition/c-q"] == export.told(await export("$export", grant=narrow))
    assert 403 == (await export("$export?_type=Patient", grant=narrow)).status
    nothing = replace(GRANT, scopes=parse_scopes("system/Condition.c"))
    assert 403 == (await export("$export", grant=nothing)).status
    assert 403 == (await export("Group/g/$export", grant=nothing)).status


async def test_filter_does_not_tell_of_what_the_client_may_not_see(export: Exporter) -> None:
    url = "$export?_type=Condition&_typeFilter=Condition?subject:Patient.family=Ashe"
    assert ["Condition/c-p", "Condition/c-q"] == export.told(await export(url))
    for file in export.task.files.iterdir():
        file.unlink()
    assert [] == export.told(await export(url, grant=replace(GRANT, scopes=parse_scopes("system/Condition.rs"))))


async def test_files_are_for_the_hub_alone(export: Exporter) -> None:
    await export("$export?_type=Patient")
    assert {0o600} == {file.stat().st_mode & 0o777 for file in export.task.files.iterdir()}


async def test_files_of_a_type_begin_anew_after_so_many_lines(
    export: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careloom.rest.operations.bulk.LINES", 1)
    monkeypatch.setattr("careloom.rest.operations.export.population.PAGE", 1)
    answer = await export("$export?_type=Patient")
    assert answer.json is not None
    output: Any = answer.json["output"]
    assert (["Patient/p", "Patient/q"], [1, 1]) == (export.told(answer), [each["count"] for each in output])


@pytest.mark.parametrize(
    ("url", "status", "message"),
    [
        ("$export?_type=Person,Persons", 400, "found 'Persons'"),
        ("$export?_outputFormat=text/csv", 400, "found 'text/csv'"),
        ("$export?_since=lately", 400, "_since"),
        ("$export?_typeFilter=Condition", 400, "Type?criteria"),
        ("$export?_typeFilter=Condition?colour=red", 400, "colour"),
        ("$export?_typeFilter=Condition?_sort=code", 400, "criteria alone"),
        ("$export?_elements=shoeSize", 400, "shoeSize"),
        ("$export?includeAssociatedData=x", 400, "no parameter"),
        ("Patient/$export?_type=Organization", 400, "none of Organization is about patients"),
        ("Group/none/$export", 404, "Group/none is not known"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else None,
)
async def test_what_cannot_be_exported_is_refused_before_the_work(
    export: Exporter, url: str, status: int, message: str
) -> None:
    answer = await export(url)
    assert answer.resource is not None
    assert (status, True) == (answer.status, message in answer.resource["issue"][0]["diagnostics"])


async def test_export_is_answered_later_or_not_at_all(desk: Desk) -> None:
    answer = await desk.with_hub(jobs=object())("GET", "$export")
    assert answer.resource is not None
    assert (400, True) == (answer.status, "respond-async" in answer.resource["issue"][0]["diagnostics"])
    assert 400 == (await desk("GET", "$export", prefer="respond-async")).status
