from typing import Any

import pytest
from tests.unit.rest.desk import Desk, patient

from careloom.definitions import Definitions
from careloom.rest.subset import SUBSETTED, Subset

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o",
    "meta": {"tag": [{"code": "x"}]},
    "text": {"status": "generated", "div": "<div/>"},
    "status": "final",
    "_status": {"id": "s"},
    "code": {"text": "c"},
    "valueQuantity": {"value": 1},
    "interpretation": [{"text": "high"}],
    "note": [{"text": "n"}],
    "component": [{"code": {"text": "d"}, "valueString": "v", "interpretation": [{"text": "low"}]}],
}


@pytest.mark.parametrize(
    ("subset", "kept"),
    [
        (Subset("true"), {"id", "status", "_status", "code", "valueQuantity", "component"}),
        (Subset("text"), {"id", "status", "_status", "code", "text"}),
        (Subset("data"), set(OBSERVATION) - {"text", "meta", "resourceType"}),
        (Subset(elements=("note",)), {"id", "status", "_status", "code", "note"}),
        (Subset(elements=("value",)), {"id", "status", "_status", "code", "valueQuantity"}),
        (Subset(elements=("Observation.note", "Patient.name")), {"id", "status", "_status", "code", "note"}),
    ],
    ids=["summary", "text", "data", "one-element", "choice", "of-type"],
)
def test_what_is_asked_for_and_what_must_be_there_is_kept(
    subset: Subset, kept: set[str], definitions: Definitions
) -> None:
    told = subset.of(OBSERVATION, definitions.types)
    assert set(told) == kept | {"resourceType", "meta"}
    assert told["meta"]["tag"] == [{"code": "x"}, SUBSETTED]


def test_summary_reaches_into_parts_of_a_resource(definitions: Definitions) -> None:
    told = Subset("true").of(OBSERVATION, definitions.types)
    assert told["component"] == [{"code": {"text": "d"}, "valueString": "v"}]


def test_whole_resource_carries_no_tag(definitions: Definitions) -> None:
    assert Subset().of(OBSERVATION, definitions.types) is OBSERVATION


async def test_read_tells_a_part(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p", maritalStatus={"text": "m"}, gender="female"))
    answer = await desk("GET", "Patient/p?_summary=true")
    assert answer.resource is not None and set(answer.resource) == {"resourceType", "id", "meta", "name", "gender"}
    assert (await desk("GET", "Patient/p?_summary=some")).status == 400
    assert (await desk("GET", "Patient/p?_elements=shoeSize", prefer="handling=strict")).status == 400


async def test_part_is_not_taken_back(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p", maritalStatus={"text": "m"}))
    part = (await desk("GET", "Patient/p?_elements=name")).resource
    refused = await desk("PUT", "Patient/p", part)
    assert refused.status == 422 and refused.resource is not None
    assert "SUBSETTED" in refused.resource["issue"][0]["diagnostics"]
