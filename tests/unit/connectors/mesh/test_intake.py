"""What comes out of a mailbox gets on record as the client whose mailbox it is, or not at all."""

import json
from typing import Any

import pytest
from tests.unit.notify.signals.test_signals import GOOD, read
from tests.unit.rest.desk import NOW, counted_ids, registry

from careloom.connectors.inflow import Inflow
from careloom.connectors.intake import Intake
from careloom.connectors.mesh import Received
from careloom.connectors.mesh.intake import MessageIntake
from careloom.connectors.nems import EventRules
from careloom.definitions import Definitions
from careloom.governance import AuditSource
from careloom.model import Resource
from careloom.model.errors import ConflictError, ForbiddenError, InvalidError, MalformedError, NotSupportedError
from careloom.notify.signals import signal_bundle
from careloom.search import SearchParameters, parse_query
from careloom.store import MemoryRepository

BUNDLE = signal_bundle(read(), "https://mns.example/subscriptions")


class Mail:
    """A mailbox's way onto a record in memory."""

    def __init__(self, definitions: Definitions, *workflows: str, **agreed: Any) -> None:
        self.parameters = SearchParameters(definitions, base_url="https://hub.example/fhir")
        self.repository = MemoryRepository(tenant="t", parameters=self.parameters, clock=lambda: NOW)
        rules, ids = registry(**agreed), counted_ids()
        self.messages = MessageIntake(
            {"X26ABC2": "acute-epr"},
            lambda client: Intake(
                client=client,
                purpose="TREAT",
                repository=self.repository,
                registered=lambda: rules,
                audit_source=AuditSource("https://hub.example/fhir", ""),
                clock=lambda: NOW,
                new_id=ids,
            ),
            Inflow(EventRules(lambda: NOW, lambda resource: []), definitions.types),
            workflows,
        )

    async def take(self, content: Any, media: str = "application/fhir+json", sender: str = "X26ABC2") -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        await self.messages.take(Received("m1", sender, "MNS", "", "", "", media, data))

    async def all(self, type: str) -> list[Resource]:
        page = await self.repository.search(parse_query(type, [], self.parameters))
        return [version.resource for version in page.matches if version.resource]


@pytest.fixture
def mail(definitions: Definitions) -> Mail:
    return Mail(definitions)


async def test_a_signal_of_mns_is_recorded_and_audited(mail: Mail) -> None:
    await mail.take(BUNDLE)
    (basic,) = await mail.all("Basic")
    assert "pds-change-of-gp-2" == basic["code"]["coding"][0]["code"]
    assert "mesh:X26ABC2" in json.dumps(await mail.all("AuditEvent"))


async def test_cloud_events_are_recorded(mail: Mail) -> None:
    await mail.take([GOOD, {**GOOD, "id": "2"}], "application/cloudevents-batch+json")
    assert 2 == len(await mail.all("Basic"))


async def test_a_cloud_event_that_says_to_be_plain_json_is_recorded(mail: Mail) -> None:
    await mail.take(GOOD, "application/json")
    assert 1 == len(await mail.all("Basic"))
    with pytest.raises(InvalidError, match="event: id"):
        await mail.take({**GOOD, "id": ""}, "application/json")


async def test_a_message_that_comes_again_changes_nothing(mail: Mail) -> None:
    await mail.take(BUNDLE)
    await mail.take(BUNDLE)
    assert (1, 1) == (len(await mail.all("Basic")), len(await mail.all("AuditEvent")))


async def test_the_same_name_for_something_else_is_a_conflict(mail: Mail) -> None:
    await mail.take(GOOD, "application/cloudevents+json")
    with pytest.raises(ConflictError):
        await mail.take({**GOOD, "type": "pds-death-2"}, "application/cloudevents+json")


async def test_a_sender_that_nobody_knows_is_refused(mail: Mail) -> None:
    with pytest.raises(ForbiddenError, match="'X26ABC9' found"):
        await mail.take(BUNDLE, sender="X26ABC9")


async def test_a_message_of_another_workflow_is_refused_where_the_settings_name_those_that_are_taken(
    definitions: Definitions,
) -> None:
    with pytest.raises(NotSupportedError, match=r"workflow: one that is taken \(MNS_LIVE\) expected, 'MNS' found"):
        await Mail(definitions, "MNS_LIVE").take(BUNDLE)
    mail = Mail(definitions, "MNS_LIVE", "MNS")
    await mail.take(BUNDLE)
    assert 1 == len(await mail.all("Basic"))


async def test_a_sender_that_may_not_write_is_refused_on_record(definitions: Definitions) -> None:
    mail = Mail(definitions, types=frozenset({"Patient"}))
    with pytest.raises(ForbiddenError):
        await mail.take(BUNDLE)
    assert ([], ["8"]) == (await mail.all("Basic"), [each["outcome"] for each in await mail.all("AuditEvent")])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", MalformedError),
        (b"\0\1", MalformedError),
        ({"resourceType": "Patient"}, NotSupportedError),
        ({"resourceType": "Bundle", "type": "collection"}, NotSupportedError),
        ({"resourceType": "Bundle", "type": "history", "entry": []}, InvalidError),
        ({"resourceType": "Bundle", "type": "history", "entry": "text"}, InvalidError),
    ],
    ids=["nothing", "bytes", "a patient", "a collection", "no entry", "text"],
)
async def test_what_is_no_signal_is_refused(mail: Mail, content: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        await mail.take(content)
