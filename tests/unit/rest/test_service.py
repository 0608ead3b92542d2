from base64 import b64decode
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rest.desk import EVERYTHING, NOW, Desk, entry, patient, transaction

from careloom.governance import PrivateKey
from careloom.governance.tokens import make_access_token
from careloom.model.json import serialize_json
from careloom.rest.errors import BodyTooLargeError
from careloom.rest.messages import FhirResponse
from careloom.rest.service import Incoming, serve


def _token(desk: Desk, **changes: Any) -> str:
    client = desk.hub.registry.client("acute-epr")
    assert client is not None
    at = changes.pop("at", NOW)
    return make_access_token(desk.hub.authority, client, scopes=EVERYTHING, purpose="TREAT", now=at)[0]


def _body(data: bytes) -> Callable[[int], Coroutine[Any, Any, bytes]]:
    async def read(limit: int) -> bytes:
        if len(data) > limit:
            raise BodyTooLargeError("too large")
        return data

    return read


async def _send(
    desk: Desk, method: str, path: str, *, data: bytes = b"", query: str = "", **headers: str
) -> FhirResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await serve(Incoming(method, path, query, named, "10.0.0.7", _body(data)), desk.hub)


async def test_client_with_a_token_is_served_and_named_in_the_audit(desk: Desk) -> None:
    sent = serialize_json(patient())
    bearer = f"Bearer {_token(desk)}"
    answer = await _send(
        desk, "POST", "/Patient", data=sent, authorization=bearer, content_type="application/json", x_request_id="r-7"
    )
    assert (answer.status, answer.headers["X-Request-Id"]) == (201, "r-7")
    [audit] = await desk.audits()
    agent = audit["agent"][0]
    assert (agent["who"]["identifier"]["value"], agent["network"]["address"]) == ("acute-epr", "10.0.0.7")


async def test_unknown_client_learns_nothing_about_addresses(desk: Desk) -> None:
    for path in ("/Patient/none", "/Patent", "/x/y/z/0", "/Patient/$everything"):
        assert (await _send(desk, "GET", path)).status == 401, path
    assert len(await desk.audits()) == 4


async def test_unknown_client_does_not_make_the_hub_read_a_body(desk: Desk) -> None:
    async def unread(limit: int) -> bytes:
        raise AssertionError("read")

    answer = await serve(Incoming("POST", "/Patient", "", {}, "", unread), desk.hub)
    assert answer.status == 401


async def test_expired_token_is_refused(desk: Desk) -> None:
    answer = await _send(desk, "GET", "/Patient", authorization=f"Bearer {_token(desk, at=NOW - timedelta(hours=1))}")
    assert answer.status == 401


async def test_open_addresses_need_no_token_and_write_nothing(desk: Desk) -> None:
    for path in ("/metadata", "/.well-known/smart-configuration", "/.well-known/jwks.json"):
        assert (await _send(desk, "GET", path)).status == 200
    assert await desk.audits() == []


async def test_body_over_the_limit_is_413(desk: Desk) -> None:
    small = desk.with_hub(limits=replace(desk.hub.limits, body=10))
    bearer = f"Bearer {_token(desk)}"
    answer = await _send(
        small, "POST", "/Patient", data=b" " * 11, authorization=bearer, content_type="application/json"
    )
    assert answer.status == 413


async def test_query_and_form_make_one_search(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p", gender="female"))
    await desk("PUT", "Patient/q", patient(id="q", gender="male"))
    answer = await _send(
        desk,
        "POST",
        "/Patient/_search",
        query="family=ashe",
        data=b"gender=male",
        authorization=f"Bearer {_token(desk)}",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.resource is not None
    assert [each["resource"]["id"] for each in answer.resource["entry"]] == ["q"]


@pytest.mark.parametrize(("data", "status"), [(b"", 200), (b"gender=male", 415)])
async def test_a_form_says_what_it_is_unless_it_is_empty(desk: Desk, data: bytes, status: int) -> None:
    bearer = f"Bearer {_token(desk)}"
    answer = await _send(desk, "POST", "/Patient/_search", query="family=ashe", data=data, authorization=bearer)
    assert answer.status == status


async def test_search_by_post_is_audited_with_its_criteria(desk: Desk) -> None:
    await _send(
        desk,
        "POST",
        "/Patient/_search",
        query="family=Ashe",
        data=b"birthdate=1950-01-01",
        authorization=f"Bearer {_token(desk)}",
        content_type="application/x-www-form-urlencoded",
    )
    [audit] = await desk.audits()
    [query] = [entity["query"] for entity in audit["entity"] if "query" in entity]
    assert b64decode(query) == b"Patient/_search?family=Ashe&birthdate=1950-01-01"


async def test_form_over_its_own_ceiling_is_not_read_at_the_open_token_endpoint(desk: Desk) -> None:
    form = b"scope=" + b"%41" * 100_000
    answer = await _send(desk, "POST", "/auth/token", data=form, content_type="application/x-www-form-urlencoded")
    assert answer.status == 413


async def test_token_of_a_hub_with_another_key_is_refused(desk: Desk, hub_key: PrivateKey) -> None:
    authority = replace(desk.hub.authority, base_url="https://elsewhere.example/fhir")
    elsewhere = desk.with_hub(authority=authority)
    answer = await _send(desk, "GET", "/Patient", authorization=f"Bearer {_token(elsewhere)}")
    assert answer.status == 401


_BY_SEARCH = {"subject": {"reference": "Patient?identifier=https://example.org/number|7"}}
_IN_XML = """<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Condition><subject>
  <reference value="Patient?identifier=https://example.org/number|7"/></subject></Condition></resource>
  <request><method value="POST"/><url value="Condition"/></request></entry></Bundle>"""


@pytest.mark.parametrize(
    ("question_mark", "media"),
    [
        ("?", "application/json"),
        (r"\u003f", "application/json"),
        (r"\u003F", "application/json"),
        ("&#63;", "text/xml"),
    ],
)
async def test_references_by_search_are_found_however_their_question_mark_is_written(
    desk: Desk, question_mark: str, media: str
) -> None:
    subject = await desk(
        "POST", "Patient", patient(identifier=[{"system": "https://example.org/number", "value": "7"}])
    )
    assert subject.resource is not None
    sent = serialize_json(transaction(entry("POST", "Condition", {"resourceType": "Condition", **_BY_SEARCH}))).decode()
    text = (_IN_XML if media == "text/xml" else sent).replace("?", question_mark)
    bearer = f"Bearer {_token(desk)}"
    answer = await _send(desk, "POST", "", data=text.encode(), authorization=bearer, content_type=media)
    [recorded] = await desk.all("Condition")
    assert (answer.status, recorded["subject"]["reference"]) == (200, f"Patient/{subject.resource['id']}")
