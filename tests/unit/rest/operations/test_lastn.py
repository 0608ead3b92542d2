"""$lastn: the newest observations of each kind."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.resource import Resource
from careloom.rest.messages import FhirResponse


def observation(id: str, codes: str, when: str = "", who: str = "p", **more: Any) -> Resource:
    """An observation with codes such as ``loinc|1 snomed|2``."""
    pairs = (each.split("|") for each in codes.split())
    made: Resource = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [{"coding": [{"system": "c", "code": "vital"}]}],
        "code": {"coding": [{"system": system, "code": code} for system, code in pairs]},
        "subject": {"reference": f"Patient/{who}"},
    }
    return made | ({"effectiveDateTime": when} if when else {}) | more


def ids(answer: FhirResponse) -> list[str]:
    assert answer.resource is not None and answer.status == 200, answer.resource
    return [each["resource"]["id"] for each in answer.resource.get("entry", [])]


async def put(desk: Desk, *resources: Resource) -> None:
    for resource in (patient(id="p"), patient(id="q"), *resources):
        await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)


async def test_newest_of_each_kind_is_told(desk: Desk) -> None:
    await put(
        desk,
        observation("pulse-new", "loinc|pulse", "2026-02-01"),
        observation("pulse-old", "loinc|pulse", "2026-01-01"),
        observation("weight", "loinc|weight", "2025-01-01"),
        observation("else", "loinc|weight", "2026-01-01", who="q"),
    )
    assert ["pulse-new", "weight"] == ids(await desk("GET", "Observation/$lastn?patient=p&category=vital"))
    both = await desk("GET", "Observation/$lastn?subject=Patient/p&code=pulse&max=2")
    assert ["pulse-new", "pulse-old"] == ids(both)


async def test_kinds_that_a_third_observation_connects_are_one(desk: Desk) -> None:
    await put(
        desk,
        observation("snomed", "snomed|1", "2026-03-01"),
        observation("loinc", "loinc|1", "2026-02-01"),
        observation("both", "loinc|1 snomed|1", "2026-01-01"),
    )
    assert ["snomed"] == ids(await desk("GET", "Observation/$lastn?patient=p&category=vital"))


async def test_same_code_of_another_system_is_another_kind(desk: Desk) -> None:
    await put(desk, observation("one", "loinc|1", "2026-02-01"), observation("other", "snomed|1", "2026-01-01"))
    assert ["one", "other"] == ids(await desk("GET", "Observation/$lastn?patient=p&category=vital"))


async def test_without_codings_the_text_is_the_kind(desk: Desk) -> None:
    await put(
        desk,
        observation("new", "", "2026-02-01", code={"text": "Gait"}),
        observation("old", "", "2026-01-01", code={"text": "gait"}),
    )
    assert ["new"] == ids(await desk("GET", "Observation/$lastn?patient=p&category=vital"))


async def test_those_of_the_same_time_as_the_last_are_told_too(desk: Desk) -> None:
    times = {"a": "2026-02-01", "b": "2026-01-01", "c": "2026-01-01", "d": "2025-01-01"}
    await put(desk, *(observation(id, "loinc|1", when) for id, when in times.items()))
    assert ["a", "b", "c"] == sorted(ids(await desk("GET", "Observation/$lastn?patient=p&category=vital&max=2")))


async def test_observation_without_time_comes_last(desk: Desk) -> None:
    await put(desk, observation("dated", "loinc|1", "2020-01-01"), observation("undated", "loinc|1"))
    assert ["dated"] == ids(await desk("GET", "Observation/$lastn?patient=p&category=vital"))
    assert ["dated", "undated"] == ids(await desk("GET", "Observation/$lastn?patient=p&category=vital&max=9"))


async def test_parameters_may_be_posted(desk: Desk) -> None:
    await put(desk, observation("new", "loinc|1", "2026-01-01"), observation("old", "loinc|1", "2025-01-01"))
    parts = [{"name": "max", "valuePositiveInt": 2}, {"name": "patient", "valueString": "p"}]
    body = {"resourceType": "Parameters", "parameter": [*parts, {"name": "category", "valueString": "vital"}]}
    assert ["new", "old"] == ids(await desk("POST", "Observation/$lastn", body))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("category=vital", "patient or subject expected"),
        ("patient=p", "category or code expected"),
        ("patient=p&category=vital&max=0", "max: a whole number from 1 expected"),
        ("patient=p&category=vital&max=two", "max: a whole number"),
        ("patient=p&category=vital&colour=red", "colour"),
        ("patient=p&category=vital&_sort=date", "criteria alone expected"),
    ],
    ids=["whose", "which", "none", "words", "unknown", "sorted"],
)
async def test_what_is_lacking_or_not_understood_is_refused(desk: Desk, query: str, message: str) -> None:
    answer = await desk("GET", f"Observation/$lastn?{query}")
    assert answer.resource is not None
    assert (400, True) == (answer.status, message in answer.resource["issue"][0]["diagnostics"])


async def test_more_than_are_looked_at_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careloom.rest.operations.lastn.MOST", 1)
    monkeypatch.setattr("careloom.rest.operations.lastn.PAGE", 1)
    await put(desk, observation("one", "loinc|1"), observation("two", "loinc|2"))
    answer = await desk("GET", "Observation/$lastn?patient=p&category=vital")
    assert answer.resource is not None
    assert "too-costly" == answer.resource["issue"][0]["code"]


async def test_right_to_search_is_needed(desk: Desk) -> None:
    reader = replace(GRANT, scopes=parse_scopes("system/Observation.r"))
    assert 403 == (await desk("GET", "Observation/$lastn?patient=p&category=vital", grant=reader)).status
