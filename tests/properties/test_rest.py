"""Whatever is sent, the hub answers: it never fails, and an error is always an OperationOutcome.

Good resources are damaged at random places with values that have broken FHIR servers before, and sent through the
whole hub: routing, rules, validation, hooks, index and record.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.rest.desk import BASE, EVERYTHING, NOW, counted_ids, registry

from careloom.definitions import Definitions
from careloom.governance import Authority, new_key
from careloom.governance.tokens import make_access_token
from careloom.model.json import parse_json, serialize_json
from careloom.model.xml import serialize_xml
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirResponse
from careloom.rest.routes import Routes
from careloom.rest.service import Incoming, serve
from careloom.rest.table import INTERACTIONS
from careloom.search import SearchParameters
from careloom.store import MemoryRepository
from careloom.validation import Validator

Path: TypeAlias = tuple[str | int, ...]

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "meta": {"tag": [{"system": "http://a.example", "code": "b"}]},
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="urn:uuid:1">x</a></div>',
    },
    "identifier": [{"system": "urn:x", "value": "1"}],
    "name": [{"family": "Ashe", "given": ["Ada"], "_given": [None]}],
    "birthDate": "1990-01-01",
    "contained": [{"resourceType": "Organization", "id": "o", "name": "n"}],
    "managingOrganization": {"reference": "#o"},
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "1"}], "text": "t"},
    "subject": {"reference": "Patient/p"},
    "effectivePeriod": {"start": "2026-01-01", "end": "2026-02-01T10:00:00+01:00"},
    "valueQuantity": {"value": 1.5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:1",
            "resource": PATIENT,
            "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=urn:x|9"},
        },
        {
            "fullUrl": "urn:uuid:2",
            "resource": {**OBSERVATION, "subject": {"reference": "urn:uuid:1"}},
            "request": {"method": "PUT", "url": "Observation/o"},
        },
        {"request": {"method": "GET", "url": "Patient?name=a"}},
        {"request": {"method": "DELETE", "url": "Observation/none"}},
    ],
}
PARAMETERS: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [{"name": "resource", "resource": PATIENT}, {"name": "mode", "valueCode": "create"}],
}

WRITES = (
    ("PUT", "Patient/p", PATIENT),
    ("PUT", "Observation/o", OBSERVATION),
    ("POST", "", BUNDLE),
    ("POST", "", {**BUNDLE, "type": "batch"}),
    ("POST", "Patient/$validate", PARAMETERS),
)
JSON_PATCH: list[Any] = [
    {"op": "test", "path": "/name/0/family", "value": "Ashe"},
    {"op": "add", "path": "/name/0/given/-", "value": "May"},
    {"op": "move", "from": "/identifier/0", "path": "/identifier/0"},
    {"op": "copy", "from": "/name/0", "path": "/name/-"},
    {"op": "replace", "path": "/birthDate", "value": "1991-01-01"},
    {"op": "remove", "path": "/text"},
]
FHIRPATH_PATCH: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "add"},
                {"name": "path", "valueString": "Patient.name.first()"},
                {"name": "name", "valueString": "given"},
                {"name": "value", "valueString": "May"},
            ],
        },
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "insert"},
                {"name": "path", "valueString": "Patient.identifier"},
                {"name": "index", "valueInteger": 0},
                {"name": "value", "part": [{"name": "value", "valueString": "2"}]},
            ],
        },
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "move"},
                {"name": "path", "valueString": "Patient.identifier"},
                {"name": "source", "valueInteger": 1},
                {"name": "destination", "valueInteger": 0},
            ],
        },
    ],
}
PATCHES = (("PATCH", "Patient/p", JSON_PATCH), ("PATCH", "Patient/p", FHIRPATH_PATCH))
ODD: tuple[Any, ...] = (
    *(
        "",
        " ",
        "x" * 3000,
        "Patient?identifier=",
        "Patient?x=1",
        "Patient?identifier=%ff",
        "#",
        "urn:uuid:1",
        "http://",
    ),
    *("0000", "2026-13-45", "\U0001f600", "\u202e", "|", "\\", "$", None, True, 0, -1, 2**70, 10**4000),
    *([], {}, [[]], [None], [{}], {"reference": "Patient?identifier=a"}, {"resourceType": "Patient"}, {"reference": 7}),
)
NUMBERS = ("1e999999999", "-0.0", "1E400", "1" * 4000, "0." + "0" * 400 + "1", "1e-99999999")
NUMBER = "a number of digits"


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*above, key)
        if isinstance(child, dict | list):
            yield from _paths(child, (*above, key))


@st.composite
def damaged(draw: st.DrawFn, requests: tuple[tuple[str, str, Any], ...] = WRITES) -> tuple[str, str, bytes]:
    """A good request with one to three places of its body changed, removed or doubled."""
    method, url, good = draw(st.sampled_from(requests))
    body = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_paths(body))
        *above, last = draw(st.sampled_from(places)) if places else ("x",)
        target: Any = body
        for key in above:
            target = target[key]
        match draw(st.sampled_from(["remove", "odd", "number", "sibling"])):
            case "remove" if places:
                del target[last]
            case "number":
                target[last] = NUMBER
            case "sibling" if isinstance(target, dict):
                target[f"_{last}"] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case _:
                target[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return method, url, json.dumps(body).replace(f'"{NUMBER}"', draw(st.sampled_from(NUMBERS))).encode()


@pytest.fixture(scope="module")
def hub(definitions: Definitions) -> Hub:
    parameters = SearchParameters(definitions, base_url=BASE)
    return Hub(
        base_url=BASE,
        repository=MemoryRepository(tenant="t", parameters=parameters, clock=lambda: NOW),
        parameters=parameters,
        types=definitions.types,
        validator=Validator(definitions),
        authority=Authority(BASE, (new_key("ES256", kid="hub"),)),
        registry=registry(),
        routes=Routes(INTERACTIONS, definitions.types.resource_types()),
        clock=lambda: NOW,
        new_id=counted_ids(),
    )


async def _send(
    hub: Hub, method: str, path: str, *, query: str = "", data: bytes = b"", media: str = "application/fhir+json"
) -> FhirResponse:
    client = hub.registry.client("acute-epr")
    assert client is not None
    token, _ = make_access_token(hub.authority, client, scopes=EVERYTHING, purpose="TREAT", now=NOW)

    async def read(limit: int) -> bytes:
        return data

    headers = {"authorization": f"Bearer {token}", "content-type": media}
    return await serve(Incoming(method, f"/{path}", query, headers, "127.0.0.1", read), hub)


def _assert_sound(answer: FhirResponse) -> None:
    assert answer.status < 500
    assert answer.status < 400 or (answer.resource or {})["resourceType"] == "OperationOutcome"
    assert "Careloom-Audit" in answer.headers
    entries = (answer.resource or {}).get("entry", [])
    assert not [each for each in entries if each.get("response", {}).get("status", "").startswith("5")]
    serialize_json(answer.resource)


@given(damaged())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_damaged_bodies_are_answered(hub: Hub, damage: tuple[str, str, bytes]) -> None:
    method, url, data = damage
    _assert_sound(await _send(hub, method, url, data=data))


@given(damaged(PATCHES))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_damaged_patches_are_answered(hub: Hub, damage: tuple[str, str, bytes]) -> None:
    await _send(hub, "PUT", "Patient/p", data=json.dumps(PATIENT).encode())
    method, url, data = damage
    media = "application/json-patch+json" if data.startswith(b"[") else "application/fhir+json"
    _assert_sound(await _send(hub, method, url, data=data, media=media))


@given(st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_damaged_xml_is_answered(hub: Hub, place: int, length: int, odd: bytes) -> None:
    good = serialize_xml(parse_json(json.dumps(BUNDLE)), hub.types)
    data = good[: place % len(good)] + odd + good[place % len(good) + length :]
    _assert_sound(await _send(hub, "POST", "", data=data, media="application/fhir+xml"))


_names = st.one_of(
    st.sampled_from(
        (
            *("_id", "name", "birthdate", "identifier", "link", "_sort", "_count", "_include", "_page", "_total"),
            *("_summary", "_elements", "_format", "_pretty", "_type", "_since", "_at", "_beyond", "_explain", "_has"),
        )
    ),
    st.text(max_size=10),
)
_values = st.one_of(st.sampled_from([odd for odd in ODD if isinstance(odd, str)]), st.text(max_size=20))
_modifiers = st.sampled_from(["", ":exact", ":missing", ":not", ":Patient", ":x", "."])


_searched = st.sampled_from(["Patient", "", "Patient/_history", "_history", "Patient/p/Observation", "Patient/p/*"])


@given(_searched, st.lists(st.tuples(_names, _modifiers, _values), max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
async def test_odd_searches_are_answered(hub: Hub, path: str, asked: list[tuple[str, str, str]]) -> None:
    query = "&".join(f"{name}{modifier}={value}" for name, modifier, value in asked)
    _assert_sound(await _send(hub, "GET", path, query=query.encode("utf-8", "surrogatepass").decode("latin-1")))


@given(st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "TRACE"]), st.text(max_size=30))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
async def test_odd_addresses_are_answered(hub: Hub, method: str, path: str) -> None:
    answer = await _send(hub, method, path)
    assert answer.status < 500
