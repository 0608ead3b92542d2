from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.store.ids import new_id


def _told(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status == 200, answer.resource
    entries: list[Mapping[str, Any]] = answer.resource.get("entry", [])
    return [
        (entry["request"]["method"], entry["request"]["url"], entry["response"]["etag"])
        for entry in entries
        if "request" in entry
    ]


def _next(answer: Any) -> str:
    links = {each["relation"]: each["url"] for each in answer.resource["link"]}
    return str(links.get("next", "")).removeprefix("http://hub.example/fhir/")


async def _record(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("PUT", "Patient/p", patient(id="p", active=True))
    await desk("DELETE", "Patient/p")
    await desk("PUT", "Organization/o", {"resourceType": "Organization", "id": "o", "name": "O"})


async def test_versions_of_a_resource_are_told_newest_first_with_their_deletion(desk: Desk) -> None:
    await _record(desk)
    answer = await desk("GET", "Patient/p/_history")
    assert _told(answer) == [
        ("DELETE", "Patient/p", 'W/"3"'),
        ("PUT", "Patient/p", 'W/"2"'),
        ("PUT", "Patient/p", 'W/"1"'),
    ]
    assert answer.resource is not None and answer.resource["total"] == 3
    assert [("resource" in each) for each in answer.resource["entry"]] == [False, True, True]


async def test_a_resource_under_an_id_of_the_hub_was_made_by_post_and_one_brought_back_by_put(desk: Desk) -> None:
    desk = desk.with_hub(new_id=new_id)
    made = await desk("POST", "Patient", patient())
    id = made.versions[0].id
    await desk("DELETE", f"Patient/{id}")
    await desk("PUT", f"Patient/{id}", patient(id=id))
    told = await desk("GET", f"Patient/{id}/_history")
    assert told.resource is not None
    asked = [(each["request"]["method"], each["request"]["url"]) for each in told.resource["entry"]]
    assert asked == [("PUT", f"Patient/{id}"), ("DELETE", f"Patient/{id}"), ("POST", "Patient")]
    assert [each["response"]["status"] for each in told.resource["entry"]] == ["201", "204", "201"]


async def test_pages_follow_each_other_without_gap_while_others_write(desk: Desk) -> None:
    await _record(desk)
    first = await desk("GET", "Patient/p/_history?_count=2")
    await desk("PUT", "Patient/p", patient(id="p"))
    second = await desk("GET", _next(first))
    assert [etag for _, _, etag in _told(first) + _told(second)] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert _next(second) == ""


async def test_history_of_a_type_and_of_everything(desk: Desk) -> None:
    await _record(desk)
    assert len(_told(await desk("GET", "Patient/_history"))) == 3
    everything = {url.partition("/")[0] for _, url, _ in _told(await desk("GET", "_history?_count=100"))}
    assert everything == {"Patient", "Organization", "AuditEvent"}


async def test_history_of_everything_holds_only_types_that_may_be_searched(desk: Desk) -> None:
    await _record(desk)
    narrow = replace(GRANT, scopes=parse_scopes("system/Organization.rs"))
    assert _told(await desk("GET", "_history", grant=narrow)) == [("PUT", "Organization/o", 'W/"1"')]
    assert (await desk("GET", "Patient/_history", grant=narrow)).status == 403


async def test_order_may_be_turned_round_page_by_page(desk: Desk) -> None:
    await _record(desk)
    first = await desk("GET", "Patient/_history?_sort=_lastUpdated&_count=2")
    second = await desk("GET", _next(first))
    assert [etag for _, _, etag in _told(first) + _told(second)] == ['W/"1"', 'W/"2"', 'W/"3"']


async def test_period_bounds_what_is_told(desk: Desk) -> None:
    await _record(desk)
    assert len(_told(await desk("GET", "Patient/_history?_since=2026-11-22T12:00:00Z"))) == 3
    assert _told(await desk("GET", "Patient/_history?_since=2026-11-22T12:00:01Z")) == []
    assert len(_told(await desk("GET", "Patient/_history?_at=2026-11-22"))) == 3
    assert _told(await desk("GET", "Patient/_history?_at=2026-11-21")) == []
    assert _told(await desk("GET", "Patient/_history?_at=2026-11-23")) == [("DELETE", "Patient/p", 'W/"3"')]


async def test_unknown_resource_has_no_history(desk: Desk) -> None:
    assert (await desk("GET", "Patient/none/_history")).status == 404


@pytest.mark.parametrize("query", ["_count=0", "_count=x", "_since=yesterday", "_at=x", "_sort=name", "_beyond=-1"])
async def test_parameters_that_cannot_be_read_are_refused(query: str, desk: Desk) -> None:
    assert (await desk("GET", f"Patient/_history?{query}")).status == 400


async def test_unknown_parameter_is_told_or_refused(desk: Desk) -> None:
    await _record(desk)
    answer = await desk("GET", "Patient/p/_history?favourite=tea")
    assert answer.resource is not None
    assert "favourite" in answer.resource["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    assert (await desk("GET", "Patient/p/_history?favourite=tea", prefer="handling=strict")).status == 400
