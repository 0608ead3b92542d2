"""What HL7's cases for JSON Patch and FHIRPath Patch are about, over HTTP and with data of our own.

Every FHIRPath Patch is sent in JSON and in XML.
"""

from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest
from tests.integration.hub import Answer, Caller, HubProcess

pytestmark = pytest.mark.slow

ADA = {
    "active": True,
    "birthDate": "1815-12-10",
    "name": [{"family": "Byron", "given": ["Augusta", "Ada"]}],
    "identifier": [
        {"system": "urn:x", "value": "1"},
        {"system": "urn:x", "value": "2"},
        {"system": "urn:x", "value": "3"},
    ],
}


def operation(type: str, path: str, name: str = "", value: Any = None, **places: int) -> dict[str, Any]:
    """One operation of a FHIRPath Patch."""
    parts: list[dict[str, Any]] = [{"name": "type", "valueCode": type}, {"name": "path", "valueString": path}]
    if name:
        parts.append({"name": "name", "valueString": name})
    if value is not None:
        parts.append({"name": "value", **value})
    parts += [{"name": place, "valueInteger": number} for place, number in places.items()]
    return {"name": "operation", "part": parts}


def values(*numbers: int) -> list[dict[str, str]]:
    return [{"system": "urn:x", "value": str(number)} for number in numbers]


FIFTH = {"valueIdentifier": {"system": "urn:x", "value": "5"}}
PARTS = {"part": [{"name": "system", "valueUri": "urn:x"}, {"name": "value", "valueString": "5"}]}

CHANGES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "nothing changes": ([operation("replace", "Patient.birthDate", value={"valueDate": "1815-12-10"})], {}),
    "replace a primitive": (
        [operation("replace", "Patient.birthDate", value={"valueDate": "1816"})],
        {"birthDate": "1816"},
    ),
    "replace within a list": (
        [operation("replace", "Patient.name[0].family", value={"valueString": "King"})],
        {"name": [{"family": "King", "given": ["Augusta", "Ada"]}]},
    ),
    "replace one that is chosen": (
        [operation("replace", "Patient.identifier.where(value = '2')", value=FIFTH)],
        {"identifier": values(1, 5, 3)},
    ),
    "add what was absent": ([operation("add", "Patient", "gender", {"valueCode": "female"})], {"gender": "female"}),
    "add to the end of a list": (
        [operation("add", "Patient", "identifier", FIFTH)],
        {"identifier": values(1, 2, 3, 5)},
    ),
    "add a value in parts": ([operation("add", "Patient", "identifier", PARTS)], {"identifier": values(1, 2, 3, 5)}),
    "add an element that has no type of its own": (
        [
            operation(
                "add", "Patient", "contact", {"part": [{"name": "name", "valueHumanName": {"family": "Milbanke"}}]}
            )
        ],
        {"contact": [{"name": {"family": "Milbanke"}}]},
    ),
    "insert at the beginning": (
        [operation("insert", "Patient.identifier", value=FIFTH, index=0)],
        {"identifier": values(5, 1, 2, 3)},
    ),
    "insert at the end": (
        [operation("insert", "Patient.identifier", value=FIFTH, index=3)],
        {"identifier": values(1, 2, 3, 5)},
    ),
    "delete a primitive": ([operation("delete", "Patient.birthDate")], {"birthDate": None}),
    "delete one of a list": ([operation("delete", "Patient.identifier[1]")], {"identifier": values(1, 3)}),
    "delete what is absent": ([operation("delete", "Patient.maritalStatus")], {}),
    "move within a list": (
        [operation("move", "Patient.identifier", source=2, destination=0)],
        {"identifier": values(3, 1, 2)},
    ),
    "move to the end": (
        [operation("move", "Patient.identifier", source=0, destination=2)],
        {"identifier": values(2, 3, 1)},
    ),
    "one after another": (
        [operation("delete", "Patient.identifier[0]"), operation("delete", "Patient.identifier[0]")],
        {"identifier": values(3)},
    ),
}

REFUSED: dict[str, dict[str, Any]] = {
    "replace what is absent": operation("replace", "Patient.maritalStatus.text", value={"valueString": "x"}),
    "delete several": operation("delete", "Patient.identifier"),
    "insert behind the end": operation("insert", "Patient.identifier", value=FIFTH, index=9),
    "move from behind the end": operation("move", "Patient.identifier", source=9, destination=0),
    "an element that a Patient does not have": operation("add", "Patient", "colour", {"valueString": "red"}),
    "a path that is none": operation("delete", "Patient.identifier["),
    "an operation that is none": operation("paint", "Patient.identifier[0]"),
    "a value of another type": operation("replace", "Patient.birthDate", value={"valueString": "yesterday"}),
}

JSON_CHANGES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "add": ([{"op": "add", "path": "/gender", "value": "female"}], {"gender": "female"}),
    "add to the end": (
        [{"op": "add", "path": "/identifier/-", "value": values(5)[0]}],
        {"identifier": values(1, 2, 3, 5)},
    ),
    "add within": (
        [{"op": "add", "path": "/identifier/1", "value": values(5)[0]}],
        {"identifier": values(1, 5, 2, 3)},
    ),
    "remove": ([{"op": "remove", "path": "/identifier/0"}], {"identifier": values(2, 3)}),
    "replace": ([{"op": "replace", "path": "/active", "value": False}], {"active": False}),
    "move": (
        [{"op": "move", "from": "/identifier/2", "path": "/identifier/0"}],
        {"identifier": values(3, 1, 2)},
    ),
    "copy": (
        [{"op": "copy", "from": "/identifier/0", "path": "/identifier/-"}],
        {"identifier": values(1, 2, 3, 1)},
    ),
    "test": ([{"op": "test", "path": "/active", "value": True}, {"op": "remove", "path": "/active"}], {"active": None}),
}

JSON_REFUSED: dict[str, dict[str, Any]] = {
    "remove what is absent": {"op": "remove", "path": "/maritalStatus"},
    "replace what is absent": {"op": "replace", "path": "/maritalStatus", "value": {}},
    "a test that fails": {"op": "test", "path": "/active", "value": False},
    "behind the end": {"op": "add", "path": "/identifier/9", "value": {}},
    "a pointer that is none": {"op": "remove", "path": "active"},
    "an operation that is none": {"op": "paint", "path": "/active"},
    "what makes it invalid": {"op": "replace", "path": "/active", "value": "perhaps"},
    "another identity": {"op": "replace", "path": "/id", "value": "another"},
}


async def patched(hub: HubProcess, patch: Any, media: str) -> tuple[dict[str, Any], Answer]:
    """A new patient, and how a patch of it was answered."""
    async with aiohttp.ClientSession() as session:
        call = Caller(session, hub.base_url, "")
        made = (await call("POST", "Patient", {"resourceType": "Patient", **ADA})).json
        answer = await call("PATCH", f"Patient/{made['id']}", patch, Content_Type=media)
        return made, answer


def sent(operations: list[dict[str, Any]], media: str) -> Any:
    body = {"resourceType": "Parameters", "parameter": operations}
    return body if media.endswith("json") else in_xml(body)


def in_xml(body: dict[str, Any]) -> bytes:
    root = ElementTree.Element("Parameters", xmlns="http://hl7.org/fhir")
    _into(root, {name: value for name, value in body.items() if name != "resourceType"})
    return ElementTree.tostring(root)


def _into(parent: ElementTree.Element, content: dict[str, Any]) -> None:
    for name, value in content.items():
        for each in value if isinstance(value, list) else [value]:
            child = ElementTree.SubElement(parent, name)
            if isinstance(each, dict):
                _into(child, each)
            else:
                child.set("value", str(each))


def content(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")}


def expected(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**ADA, **changes}.items() if value is not None}


@pytest.mark.parametrize("media", ["application/fhir+json", "application/fhir+xml"])
@pytest.mark.parametrize("case", CHANGES)
async def test_a_fhirpath_patch_changes_what_it_says(hub: HubProcess, case: str, media: str) -> None:
    operations, changes = CHANGES[case]
    _, answer = await patched(hub, sent(operations, media), media)
    assert answer.status == 200, answer.json
    assert content(answer.json) == expected(changes)


@pytest.mark.parametrize("media", ["application/fhir+json", "application/fhir+xml"])
@pytest.mark.parametrize("case", REFUSED)
async def test_a_fhirpath_patch_that_cannot_be_done_changes_nothing(hub: HubProcess, case: str, media: str) -> None:
    await refused(hub, sent([REFUSED[case]], media), media)


@pytest.mark.parametrize("case", JSON_CHANGES)
async def test_a_json_patch_changes_what_it_says(hub: HubProcess, case: str) -> None:
    operations, changes = JSON_CHANGES[case]
    _, answer = await patched(hub, operations, "application/json-patch+json")
    assert answer.status == 200, answer.json
    assert content(answer.json) == expected(changes)


@pytest.mark.parametrize("case", JSON_REFUSED)
async def test_a_json_patch_that_cannot_be_done_changes_nothing(hub: HubProcess, case: str) -> None:
    await refused(hub, [JSON_REFUSED[case]], "application/json-patch+json")


async def refused(hub: HubProcess, patch: Any, media: str) -> None:
    made, answer = await patched(hub, patch, media)
    assert answer.status in (400, 422), answer.json
    assert answer.json["resourceType"] == "OperationOutcome"
    async with aiohttp.ClientSession() as session:
        assert made == (await Caller(session, hub.base_url, "")("GET", f"Patient/{made['id']}")).json
