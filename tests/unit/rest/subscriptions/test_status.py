"""$status, $topic-list and what the CapabilityStatement says."""

from dataclasses import replace

import pytest
from tests.unit.rest.desk import BASE, GRANT
from tests.unit.rest.subscriptions.ward import DISCHARGE, Ward

from careloom.notify.mns import KIND as MNS
from careloom.notify.notification import STATUS_PROFILE
from careloom.notify.subscriptions import ChannelRules
from careloom.notify.topics.resource import ELEMENT
from careloom.rest.subscriptions.capability import told_of_subscriptions
from careloom.store import Cursor

STRANGER = replace(GRANT, client="gp-system")


def values(parameters: dict[str, object]) -> dict[str, object]:
    listed = parameters["parameter"]
    assert isinstance(listed, list)
    return {one["name"]: value for one in listed for name, value in one.items() if name.startswith("value")}


async def test_a_subscription_tells_how_it_stands(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1"), await ward.stay("e2"))
    answer = await ward("GET", f"Subscription/{id}/$status")
    assert answer.status == 200 and answer.resource is not None
    assert ("Bundle", "searchset", 1) == tuple(answer.resource[name] for name in ("resourceType", "type", "total"))
    [entry] = answer.resource["entry"]
    assert {"mode": "match"} == entry["search"]
    assert [STATUS_PROFILE] == entry["resource"]["meta"]["profile"]
    assert {
        "subscription": {"reference": f"{BASE}/Subscription/{id}"},
        "topic": DISCHARGE,
        "status": "active",
        "type": "query-status",
        "events-since-subscription-start": "2",
    } == values(entry["resource"])


async def test_events_are_counted_and_told_of_while_a_subscription_is_in_error(ward: Ward) -> None:
    id = await ward.subscribe("error")
    await ward.happen(id, await ward.stay("e1"))
    await ward.desk.hub.repository.events.save_cursor(Cursor(id, status="error", error="HTTP 503"))
    answer = await ward("GET", f"Subscription/{id}/$status")
    assert answer.resource is not None
    told = values(answer.resource["entry"][0]["resource"])
    assert ("error", "1", "HTTP 503") == (
        told["status"],
        told["events-since-subscription-start"],
        told["error"]["text"],  # type: ignore[index]
    )


async def test_a_subscription_whose_topic_is_gone_is_told_of_with_the_others(ward: Ward) -> None:
    one, two = await ward.subscribe(), await ward.subscribe("error")
    version = await ward.desk.hub.repository.read("Subscription", two)
    assert version is not None and version.resource is not None
    await ward.record(version.resource | {"criteria": "https://t.example/gone", "error": "no topic of that name"})
    answer = await ward("GET", "Subscription/$status")
    assert answer.resource is not None
    told = [values(entry["resource"]) for entry in answer.resource["entry"]]
    assert {one, two} == {each["subscription"]["reference"].rpartition("/")[2] for each in told}  # type: ignore[index]
    assert [("error", "no topic of that name")] == [
        (each["status"], each["error"]["text"])  # type: ignore[index]
        for each in told
        if "error" in each
    ]


async def test_a_client_asks_for_its_own_by_id_by_status_or_for_all(ward: Ward) -> None:
    one, two = await ward.subscribe(), await ward.subscribe("error")

    async def asked(query: str) -> set[str]:
        answer = await ward("GET", f"Subscription/$status{query}")
        assert answer.status == 200 and answer.resource is not None
        found = (values(entry["resource"])["subscription"] for entry in answer.resource.get("entry", []))
        return {str(each["reference"]).rsplit("/", 1)[1] for each in found}  # type: ignore[index]

    assert {one, two} == await asked("")
    assert {two} == await asked("?status=error&status=off")
    assert {one} == await asked(f"?id={one}")
    assert set() == await asked(f"?id={one}&status=error")


@pytest.mark.parametrize("operation", ["$status", "$delivery"])
@pytest.mark.parametrize("prefer", ["", "handling=strict", "handling=lenient"], ids=["usual", "strict", "lenient"])
async def test_a_state_that_there_is_not_is_refused_with_those_that_there_are(
    ward: Ward, operation: str, prefer: str
) -> None:
    await ward.subscribe()
    answer = await ward("GET", f"Subscription/{operation}?status=error&status=nonsense", prefer=prefer)
    assert 400 == answer.status
    assert "status: active, requested, error, off expected, found 'nonsense'" in str(answer.resource)


async def test_another_client_s_subscriptions_are_not_known(ward: Ward) -> None:
    id = await ward.subscribe()
    for url in (f"Subscription/{id}/$status", f"Subscription/$status?id={id}", f"Subscription/{id}/$events"):
        assert 404 == (await ward("GET", url, grant=STRANGER)).status
    for operation in ("$replay", "$dead-letters", "$get-ws-binding-token"):
        assert 404 == (await ward("POST", f"Subscription/{id}/{operation}", grant=STRANGER)).status
    answer = await ward("GET", "Subscription/$status", grant=STRANGER)
    assert answer.resource is not None and 0 == answer.resource["total"]


async def test_every_topic_is_listed_as_r5_would_have_it(ward: Ward) -> None:
    answer = await ward("GET", "Subscription/$topic-list")
    assert answer.resource is not None
    assert len(list(ward.topics)) == answer.resource["total"]
    basics = [entry["resource"] for entry in answer.resource["entry"]]
    assert {"SubscriptionTopic"} == {basic["code"]["coding"][0]["code"] for basic in basics}
    [only] = (await ward("GET", f"Subscription/$topic-list?url={DISCHARGE}")).resource["entry"]  # type: ignore[index]
    told = {part["url"].removeprefix(ELEMENT): part for part in only["resource"]["extension"]}
    assert DISCHARGE == told["url"]["valueUri"]
    assert "discharge" == told["identifier"]["valueIdentifier"]["value"]
    criteria = next(part for part in told["resourceTrigger"]["extension"] if part["url"] == "queryCriteria")
    assert {"url": "current", "valueString": "class=IMP&status=finished"} in criteria["extension"]
    assert {"url": "filterParameter", "valueString": "patient"} in told["canFilterBy"]["extension"]
    assert {"url": "include", "valueString": "Encounter:patient"} in told["notificationShape"]["extension"]


def test_the_capability_statement_says_by_which_channels_and_in_which_forms(ward: Ward) -> None:
    kinds = {"rest-hook", "mesh", MNS}
    rules = {"rest-hook": ChannelRules(payloads=("application/fhir+json", "application/cloudevents+json"))}
    telling = ward.desk.hub.telling
    assert telling is not None
    assert (
        "Channels: mesh (application/fhir+json, application/json); "
        "rest-hook (application/fhir+json, application/cloudevents+json); "
        "criteria as MNS has them, by message to a mailbox of MESH (application/fhir+json, application/json)"
    ) == told_of_subscriptions(replace(telling, channels=kinds, rules=rules))["documentation"]


async def test_the_capability_statement_names_guide_profile_topics_and_operations(ward: Ward) -> None:
    statement = (await ward("GET", "metadata")).resource
    assert statement is not None
    assert statement["instantiates"][0].endswith("CapabilityStatement/backport-subscription-server-r4")
    rest = statement["rest"][0]
    assert "ws://hub.example/fhir/_websocket" == rest["extension"][0]["valueUri"]
    [told] = [each for each in rest["resource"] if each["type"] == "Subscription"]
    assert told["supportedProfile"][0].endswith("/backport-subscription")
    assert {topic.url for topic in ward.topics} == {each["valueCanonical"] for each in told["extension"]}
    assert {"status", "events", "get-ws-binding-token", "replay", "dead-letters", "topic-list"} <= {
        each["name"] for each in told["operation"]
    }
