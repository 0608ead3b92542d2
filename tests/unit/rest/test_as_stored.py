"""Reads answered with the bytes that the store has: the same to the byte, and only where nothing is held back."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.rest.counter import bearer, send
from tests.unit.rest.desk import EVERYTHING, NOW, Desk, entry, patient, registry, transaction

from careloom.governance import Authority, PrivateKey, new_key, parse_scopes
from careloom.model.json import parse_json, serialize_json
from careloom.model.resource import Resource
from careloom.rest.messages import FhirResponse

JSON = "application/fhir+json"

RESOURCES = {
    "plain": patient(id="p"),
    "meta first": {"resourceType": "Patient", "id": "p", "meta": {"profile": ["urn:a"]}, "active": True},
    "meta last": {"resourceType": "Patient", "id": "p", "active": True, "meta": {"tag": [{"code": "t"}]}},
    "meta within": patient(id="p", contained=[{"resourceType": "Group", "id": "g", "meta": {"profile": ["urn:b"]}}]),
    "nothing else": {"resourceType": "Patient", "id": "p"},
    "digits": patient(id="p", extension=[{"url": "urn:x", "valueDecimal": Decimal("1.50")}]),
    "letters": patient(id="p", name=[{"family": 'Ångström \u2028 \\ " 日本'}]),
}


@dataclass
class Watched:
    """A repository that tells how it was read."""

    inner: Any
    how: list[str] = field(default_factory=list)

    async def read(self, type: str, id: str) -> Any:
        self.how.append("resource")
        return await self.inner.read(type, id)

    async def read_text(self, type: str, id: str) -> Any:
        self.how.append("text")
        return await self.inner.read_text(type, id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def watched(desk: Desk) -> tuple[Desk, list[str]]:
    repository = Watched(desk.hub.repository)
    return desk.with_hub(repository=repository), repository.how


async def put(desk: Desk, resource: Resource) -> None:
    answer = await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    assert answer.status == 201, answer.resource


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
async def test_bytes_of_the_store_are_those_of_the_resource(desk: Desk, resource: Resource) -> None:
    await put(desk, resource)
    hub, how = watched(desk)
    short, long = await send(hub, "GET", "/Patient/p"), await send(hub, "GET", "/Patient/p", query="_format=json")
    assert how == ["text", "resource"]
    assert short.data == long.data
    same = {"Careloom-Audit", "X-Request-Id"}
    assert {k: v for k, v in short.headers.items() if k not in same} == {
        k: v for k, v in long.headers.items() if k not in same
    }


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("_summary=true", {}),
        ("_summary=data", {}),
        ("_elements=name", {}),
        ("_pretty=true", {}),
        ("_format=xml", {}),
        ("", {"accept": "application/fhir+xml"}),
    ],
    ids=["summary", "data", "elements", "pretty", "format", "accept"],
)
async def test_what_is_cut_down_or_written_otherwise_is_made_of_the_resource(
    desk: Desk, query: str, headers: dict[str, Any]
) -> None:
    await put(desk, patient(id="p"))
    hub, how = watched(desk)
    assert (await send(hub, "GET", "/Patient/p", query=query, **headers)).status == 200
    assert how == ["resource"]


async def test_what_belongs_to_its_client_is_never_handed_on_unseen(desk: Desk) -> None:
    await put(desk, patient(id="p"))
    hub, how = watched(desk.with_hub(owned={"Patient": "urn:owner"}))
    assert (await send(hub, "GET", "/Patient/p")).status == 404
    assert how == ["resource"]


async def test_binary_is_told_as_what_it_holds(desk: Desk) -> None:
    await put(desk, {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGk="})
    hub, how = watched(desk)
    assert (await send(hub, "GET", "/Binary/b", accept="text/plain")).data == b"hi"
    assert how == ["resource"]


@pytest.mark.parametrize("type", ["batch", "transaction"])
async def test_reads_within_a_bundle_are_resources(desk: Desk, type: str) -> None:
    await put(desk, patient(id="p"))
    bundle = transaction(entry("GET", "Patient/p"), type=type)
    answer = await send(desk, "POST", "/", serialize_json(bundle), content_type=JSON)
    assert answer.status == 200 and answer.data is not None
    assert parse_json(answer.data)["entry"][0]["resource"]["name"] == [{"family": "Ashe"}]


@pytest.mark.parametrize(
    "resource",
    [
        patient(id="x"),
        {"resourceType": "Condition", "id": "x", "subject": {"reference": "Patient/p"}},
        {"resourceType": "Coverage", "id": "x", "beneficiary": {"reference": "Patient/p"}},
        {"resourceType": "Task", "id": "x", "for": {"reference": "Patient/p"}},
        {"resourceType": "Condition", "id": "x", "subject": {"display": "somebody"}},
    ],
    ids=["itself", "subject", "beneficiary", "for", "no address"],
)
async def test_audit_record_is_the_same(desk: Desk, resource: Resource) -> None:
    await put(desk, resource)
    path = f"/{resource['resourceType']}/x"
    sent: dict[str, Any] = {"x_request_id": "r", "authorization": bearer(desk)}
    await send(desk, "GET", path, **sent)
    await send(desk, "GET", path, query="_format=json", **sent)
    one, other = (await desk.audits())[:2]
    assert {**one, "id": "", "meta": ""} == {**other, "id": "", "meta": ""}
    assert one["entity"]


async def test_what_is_unmodified_gone_or_unknown_is_told_as_ever(desk: Desk) -> None:
    await put(desk, patient(id="p"))
    kept = await send(desk, "GET", "/Patient/p", if_none_match='W/"1"')
    assert (kept.status, kept.data, kept.headers["ETag"]) == (304, None, 'W/"1"')
    await desk("DELETE", "Patient/p")
    assert (await send(desk, "GET", "/Patient/p")).status == 410
    assert (await send(desk, "GET", "/Patient/q")).status == 404


# what was remembered of a client is forgotten at once


async def _twice(desk: Desk, changed: Desk, **sent: Any) -> tuple[FhirResponse, FhirResponse]:
    """The same request with the same token before and after a change."""
    await put(desk, patient(id="p"))
    token = bearer(desk, **sent)
    assert (await send(desk, "GET", "/Patient/p", authorization=token)).status == 200  # and all is remembered
    before = await send(desk, "GET", "/Patient/p", authorization=token)
    return before, await send(changed, "GET", "/Patient/p", known=False, authorization=token)


CHANGES = {
    "ended": ({"end": NOW}, 403),
    "not begun": ({"start": NOW + timedelta(seconds=1)}, 403),
    "other types": ({"types": frozenset({"Observation"})}, 403),
    "other interactions": ({"interactions": frozenset({"search"})}, 403),
}


@pytest.mark.parametrize(("terms", "status"), CHANGES.values(), ids=CHANGES)
async def test_changed_agreement_counts_from_the_next_request_on(
    desk: Desk, terms: dict[str, Any], status: int
) -> None:
    before, after = await _twice(desk, desk.with_hub(registry=registry(**terms)))
    assert (before.status, after.status) == (200, status)


async def test_agreement_that_ends_by_the_clock_ends_for_what_is_remembered(desk: Desk) -> None:
    ends = desk.with_hub(registry=registry(end=NOW + timedelta(seconds=10)))
    before, after = await _twice(ends, ends.with_hub(clock=lambda: NOW + timedelta(seconds=10)))
    assert (before.status, after.status) == (200, 403)


async def test_token_of_a_client_struck_off_is_refused_at_once(desk: Desk) -> None:
    rules = registry()
    before, after = await _twice(desk, desk.with_hub(registry=replace(rules, clients=())))
    assert (before.status, after.status) == (200, 401)


async def test_scopes_taken_away_are_gone_at_once(desk: Desk) -> None:
    rules = registry()
    poor = replace(rules.clients[0], scopes=parse_scopes("system/Observation.r"))
    before, after = await _twice(desk, desk.with_hub(registry=replace(rules, clients=(poor,))), scopes=EVERYTHING)
    assert (before.status, after.status) == (200, 403)


async def test_token_of_a_key_taken_away_is_refused_at_once(desk: Desk, hub_key: PrivateKey) -> None:
    other = Authority(desk.hub.base_url, (new_key("ES256", kid="another"),))
    before, after = await _twice(desk, desk.with_hub(authority=other))
    assert (before.status, after.status) == (200, 401)


async def test_token_that_has_run_out_is_refused_though_it_is_remembered(desk: Desk) -> None:
    later = desk.with_hub(clock=lambda: NOW + timedelta(minutes=6))
    before, after = await _twice(desk, later)
    assert (before.status, after.status) == (200, 401)
