"""What belongs to one client is neither found, read, changed nor deleted by another."""

from dataclasses import replace

import pytest
from tests.unit.rest.desk import GRANT, Desk, entry, transaction

from careloom.governance import Client, Grant
from careloom.model.resource import Resource

OWNER = "https://owner.example"
OTHER = replace(GRANT, client="other-epr")


def subscription(**changes: object) -> Resource:
    return {"resourceType": "Subscription", "status": "requested", "criteria": "https://topic.example", **changes}


@pytest.fixture
def shared(desk: Desk) -> Desk:
    """A hub on which two clients of one organisation may do everything, and Subscriptions are their client's own."""

    def stamp(resource: Resource, grant: Grant) -> Resource:
        return resource | {"meta": {"tag": [{"system": OWNER, "code": grant.client}]}}

    clients = (*desk.hub.registry.clients, Client("other-epr", "acute", scopes=GRANT.scopes))
    registry = type(desk.hub.registry)(
        desk.hub.registry.organisations, clients, desk.hub.registry.agreements, desk.hub.registry.purposes
    )
    return desk.with_hub(registry=registry, before_write={"Subscription": stamp}, owned={"Subscription": OWNER})


async def test_its_owner_does_with_it_what_it_likes(shared: Desk) -> None:
    assert (await shared("PUT", "Subscription/s", subscription(id="s"))).status == 201
    assert (await shared("GET", "Subscription/s")).status == 200
    assert (await shared("GET", "Subscription/s/_history/1")).status == 200
    assert (await shared("PUT", "Subscription/s", subscription(id="s", status="off"))).status == 200
    assert (await shared("GET", "Subscription/s/_history")).resource["total"] == 2  # type: ignore[index]
    assert (await shared("GET", "Subscription?status=off")).resource["total"] == 1  # type: ignore[index]
    assert (await shared("DELETE", "Subscription/s")).status == 204


async def test_to_others_it_reads_as_if_it_had_never_been(shared: Desk) -> None:
    await shared("PUT", "Subscription/s", subscription(id="s"))
    for url in ("{}", "{}/_history/1", "{}/_history", "{}/$validate"):
        hidden = await shared("GET", "Subscription/" + url.format("s"), grant=OTHER)
        absent = await shared("GET", "Subscription/" + url.format("x"), grant=OTHER)
        assert (hidden.status, str(hidden.resource)) == (404, str(absent.resource).replace("/x", "/s"))


async def test_searches_count_and_show_only_ones_own(shared: Desk) -> None:
    await shared("POST", "Subscription", subscription())
    await shared("POST", "Subscription", subscription(), grant=OTHER)
    for url in ("Subscription", "Subscription?_summary=count", f"Subscription?_tag={OWNER}|other-epr"):
        assert (await shared("GET", url, grant=OTHER)).resource["total"] == 1  # type: ignore[index]
    assert (await shared("GET", f"Subscription?_tag={OWNER}|acute-epr", grant=OTHER)).resource["total"] == 0  # type: ignore[index]


async def test_an_agreement_on_named_types_shows_no_more_of_them_than_ones_own(shared: Desk) -> None:
    [agreement] = shared.hub.registry.agreements
    named = replace(agreement, types=frozenset({"Patient", "Subscription"}))
    desk = shared.with_hub(registry=replace(shared.hub.registry, agreements=(named,)))
    await desk("POST", "Subscription", subscription())
    await desk("POST", "Subscription", subscription(), grant=OTHER)
    for url in ("Subscription", "?_type=Subscription"):
        answer = await desk("GET", url, grant=OTHER)
        assert answer.resource is not None
        [found] = answer.resource["entry"]
        assert found["resource"]["meta"]["tag"][0]["code"] == "other-epr"


async def test_pages_of_ones_own_lead_on(shared: Desk) -> None:
    for _ in range(3):
        await shared("POST", "Subscription", subscription())
    url, seen = "Subscription?_count=2", 0
    while url:
        page = (await shared("GET", url)).resource
        assert page is not None
        seen += len(page["entry"])
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        url = following[0].removeprefix(shared.hub.base_url + "/") if following else ""
    assert seen == 3


async def test_others_neither_change_nor_delete_it_alone_or_in_a_bundle(shared: Desk) -> None:
    await shared("PUT", "Subscription/s", subscription(id="s"))
    stolen = subscription(id="s", criteria="https://stolen.example")
    assert (await shared("PUT", "Subscription/s", stolen, grant=OTHER)).status == 403
    assert (await shared("DELETE", "Subscription/s", grant=OTHER)).status == 404
    for status, asked in ((403, entry("PUT", "Subscription/s", stolen)), (404, entry("DELETE", "Subscription/s"))):
        assert (await shared("POST", "", transaction(asked), grant=OTHER)).status == status
    reading = await shared("POST", "", transaction(entry("GET", "Subscription/s")), grant=OTHER)
    assert reading.status == 404
    [kept] = await shared.all("Subscription")
    assert (kept["meta"]["versionId"], kept["criteria"]) == ("1", "https://topic.example")


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_a_change_tells_no_more_of_anothers_than_a_read_does(shared: Desk, method: str) -> None:
    await shared("PUT", "Subscription/s", subscription(id="s"))
    patch = [{"op": "replace", "path": "/status", "value": "off"}] if method == "PATCH" else None
    answers = [await shared(method, f"Subscription/{id}", grant=OTHER, patch=patch) for id in ("s", "never-was")]
    shown = await shared("GET", "Subscription/s", grant=OTHER)
    assert [404, 404, 404] == [each.status for each in (*answers, shown)]
    assert ["Subscription/s is not known", "Subscription/never-was is not known"] == [
        (each.resource or {})["issue"][0]["diagnostics"] for each in answers
    ]
    assert (await shared("GET", "Subscription/s")).status == 200


async def test_a_second_deletion_of_ones_own_is_not_an_error(shared: Desk) -> None:
    await shared("PUT", "Subscription/s", subscription(id="s"))
    assert [204, 204] == [(await shared("DELETE", "Subscription/s")).status for _ in range(2)]


async def test_conditions_meet_only_what_is_ones_own(shared: Desk) -> None:
    await shared("POST", "Subscription", subscription())
    created = await shared("POST", "Subscription", subscription(), grant=OTHER, if_none_exist="status=requested")
    assert created.status == 201
    assert (await shared("DELETE", "Subscription?status=requested", grant=OTHER)).status == 204
    [kept] = await shared.all("Subscription")
    assert kept["meta"]["tag"][0]["code"] == "acute-epr"


async def test_a_deleted_one_is_not_brought_to_life_by_its_id(shared: Desk) -> None:
    await shared("PUT", "Subscription/s", subscription(id="s"))
    await shared("DELETE", "Subscription/s")
    assert (await shared("PUT", "Subscription/s", subscription(id="s"), grant=OTHER)).status == 409
    assert (await shared("PUT", "Subscription/s", subscription(id="s"))).status == 409
