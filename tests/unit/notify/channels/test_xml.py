"""Notifications in XML say what those in JSON say, and the same bytes go out at every try."""

import pytest
from tests.unit.notify.channels.test_mesh import a_notification
from tests.unit.notify.lanes import Receiver

from careloom.definitions import Definitions
from careloom.model import parse_json
from careloom.model.xml import parse_xml
from careloom.notify.channels.xml import InXml


@pytest.mark.parametrize("media", ["application/fhir+xml", "application/xml"])
async def test_what_asks_for_xml_gets_it(definitions: Definitions, media: str) -> None:
    receiver, body = Receiver(), a_notification(7, 8)
    channel = InXml(receiver, definitions.types)
    for _ in range(2):
        await channel.send("", body, webhook_id="w", secret="", headers=(("Content-Type", media),))
    assert parse_json(body) == parse_xml(receiver.bodies[0], definitions.types)
    assert receiver.bodies[0] == receiver.bodies[1]


async def test_json_stays_as_it_is(definitions: Definitions) -> None:
    receiver, body = Receiver(), a_notification(7)
    headers = (("Content-Type", "application/fhir+json"),)
    await InXml(receiver, definitions.types).send("", body, webhook_id="w", secret="", headers=headers)
    assert [body] == receiver.bodies


async def test_what_xml_cannot_carry_is_rejected(definitions: Definitions) -> None:
    body = a_notification(7).replace(b"Encounter/7", b"Encounter/\\u0001")
    headers = (("Content-Type", "application/fhir+xml"),)
    outcome = await InXml(Receiver(), definitions.types).send("", body, webhook_id="w", secret="", headers=headers)
    assert "rejected" == outcome.kind
