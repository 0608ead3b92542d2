"""Notifications to mailboxes: whose they are, what goes, and what a report of non-delivery does."""

from typing import Any

import pytest
from tests.unit.notify.lanes import START, a_subscription

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.model.errors import CareloomError, ForbiddenError, InvalidError, UnavailableError
from careloom.notify.channels.contents import Carried
from careloom.notify.channels.mesh import Mesh, read_endpoint, undelivered
from careloom.notify.notification import Told, event_notification, handshake
from careloom.search import SearchParameters
from careloom.store import Match, MemoryRepository, SubscriptionEvent

TOPIC = "https://careloom.example/SubscriptionTopic/discharge"
HEADERS = (("Content-Type", "application/fhir+json"),)


class Outbox:
    """A mailbox that keeps what is sent, or answers with an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[dict[str, Any]] = []

    async def send(self, to: str, data: bytes, **named: str) -> str:
        if self.error:
            raise self.error
        self.sent.append({"to": to, "data": data, **named})
        return "id"


def an_event(number: int) -> SubscriptionEvent:
    return SubscriptionEvent("gp", number, number, TOPIC, f"Encounter/{number}", "1", START)


def a_notification(*numbers: int) -> bytes:
    told = [Told(an_event(number)) for number in numbers]
    return serialize_json(event_notification("https://hub.example/fhir", a_subscription(), told))


def a_handshake() -> bytes:
    return serialize_json(handshake("https://hub.example/fhir", a_subscription(), "1", START, 0))


def a_channel(outbox: Outbox) -> Mesh:
    return Mesh(outbox, {"X26ABC2": "gp-system"}, "CARELOOM")


async def test_a_notification_goes_to_the_mailbox_with_its_workflow_and_a_name_that_says_what_it_carries() -> None:
    outbox = Outbox()
    body = a_notification(7, 8)
    outcome = await a_channel(outbox).send("mesh://X26ABC2", body, webhook_id="w", secret="s", headers=HEADERS)
    assert "accepted" == outcome.kind
    assert [
        {
            "to": "X26ABC2",
            "data": body,
            "workflow": "CARELOOM",
            "local_id": "gp|7|8",
            "file_name": "w.json",
            "content_type": "application/fhir+json",
        }
    ] == outbox.sent


async def test_an_endpoint_may_name_the_workflow() -> None:
    outbox = Outbox()
    endpoint = "mesh://X26ABC2?workflow_id=DISCHARGES"
    await a_channel(outbox).send(endpoint, a_handshake(), webhook_id="w", secret="", headers=HEADERS)
    assert ("DISCHARGES", "gp|0|0") == (outbox.sent[0]["workflow"], outbox.sent[0]["local_id"])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidError("no such mailbox"), "refused"),
        (UnavailableError("503"), "retry"),
        (ForbiddenError("our password is wrong"), "retry"),
    ],
)
async def test_what_mesh_answers_is_an_outcome(error: CareloomError, kind: str) -> None:
    outcome = await a_channel(Outbox(error)).send(
        "mesh://X26ABC2", a_handshake(), webhook_id="w", secret="", headers=HEADERS
    )
    assert (kind, str(error)) == (outcome.kind, outcome.detail)


async def test_a_mailbox_that_was_taken_from_the_settings_is_not_sent_to() -> None:
    outbox = Outbox()
    outcome = await a_channel(outbox).send("mesh://X26ABC3", a_handshake(), webhook_id="w", secret="", headers=())
    assert ("refused", []) == (outcome.kind, outbox.sent)


def test_a_client_sends_to_its_own_mailboxes_only() -> None:
    channel = a_channel(Outbox())
    channel.check("mesh://X26ABC2", "gp-system")
    for endpoint, client in (("mesh://X26ABC2", "acute-epr"), ("mesh://X26ABC3", "gp-system")):
        with pytest.raises(ForbiddenError, match="the hub knows as the client's"):
            channel.check(endpoint, client)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "X26ABC2",
        "https://X26ABC2",
        "mesh://x26abc2",
        "mesh://X26ABC2/inbox",
        "mesh://a@X26ABC2",
        "mesh://X26ABC2:1",
        "mesh://X26ABC2?workflow_id=a%0d%0ab",
        "mesh://X26ABC2?workflow_id=A&workflow_id=B",
        "mesh://X26ABC2?colour=red",
        "mesh://X26ABC2?workflow_id",
        "mesh://[X26ABC2",
    ],
)
def test_what_is_no_mailbox_is_refused(endpoint: str) -> None:
    with pytest.raises(InvalidError):
        read_endpoint(endpoint, "CARELOOM")


@pytest.mark.parametrize("text", ["", "gp", "gp|1", "gp|1|2|3", "|1|2", "gp|-1|2", "gp|a|b", "gp|²|3"])
def test_a_name_that_is_not_ours_says_nothing(text: str) -> None:
    assert Carried.read(text) is None


async def a_record(definitions: Definitions) -> MemoryRepository:
    repository = MemoryRepository(
        tenant="t", parameters=SearchParameters(definitions, base_url="https://hub.example/fhir"), clock=lambda: START
    )
    subscription = {"resourceType": "Subscription", "id": "gp", "status": "active", "criteria": TOPIC}
    await repository.commit(lambda turn: turn.update(subscription))
    matches = [Match("gp", number, TOPIC, f"Encounter/{number}", "1", START) for number in (1, 2, 3)]
    await repository.events.record_matches(3, matches)
    return repository


async def test_what_mesh_could_not_deliver_is_put_aside_with_its_reason(definitions: Definitions) -> None:
    repository = await a_record(definitions)
    for _ in range(2):  # a report may be listed twice
        assert await undelivered("gp|2|3", "MESH 14: not collected in 5 days", repository, repository.events, START)
    letters = await repository.events.dead_letters("gp")
    assert [(2, "MESH 14: not collected in 5 days"), (3, "MESH 14: not collected in 5 days")] == [
        (letter.number, letter.reason) for letter in letters
    ]
    assert "undelivered" == (await repository.events.attempts("gp", 1))[0].outcome


async def test_a_handshake_that_was_not_delivered_puts_the_subscription_in_error(definitions: Definitions) -> None:
    repository = await a_record(definitions)
    assert await undelivered("gp|0|0", "MESH 14: not collected", repository, repository.events, START)
    version = await repository.read("Subscription", "gp")
    assert version is not None and version.resource is not None
    assert ("error", "MESH 14: not collected") == (version.resource["status"], version.resource["error"])


@pytest.mark.parametrize("local_id", ["", "somebody else's", "unknown|1|2"])
async def test_a_report_of_something_else_changes_nothing(definitions: Definitions, local_id: str) -> None:
    repository = await a_record(definitions)
    assert not await undelivered(local_id, "MESH 14", repository, repository.events, START)
    assert [] == await repository.events.dead_letters("gp")
