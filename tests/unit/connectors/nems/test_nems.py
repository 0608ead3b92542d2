"""Event messages become changes of patients and stays, once, and in the order that their publisher gave them."""

import json
from typing import Any

import pytest
from tests.unit.connectors.mesh.test_intake import Mail
from tests.unit.connectors.nems.events import a_change_of_address, a_change_of_gp, a_death, a_message, a_stay
from tests.unit.rest.desk import BASE, Desk

from careloom.connectors.inflow import Inflow
from careloom.connectors.nems import EventRules, as_r4
from careloom.connectors.nems.event import is_later
from careloom.definitions import Definitions
from careloom.model import Issue, Resource
from careloom.model.errors import ConflictError, InvalidError, NotSupportedError
from careloom.model.xml import parse_xml
from careloom.validation import Options, Validator

DEATH = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
KNOWN: Resource = {
    "resourceType": "Patient",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990548609"},
        {"system": "urn:acute", "value": "7"},
    ],
    "telecom": [{"system": "phone", "value": "0113 496 0000"}],
}


@pytest.fixture
def mail(definitions: Definitions) -> Mail:
    return Mail(definitions)


async def patient(mail: Mail) -> Resource:
    (found,) = await mail.all("Patient")
    return found


async def test_what_an_event_says_is_laid_over_what_is_known(mail: Mail) -> None:
    await mail.repository.commit(lambda turn: turn.create(KNOWN))
    await mail.take(a_change_of_gp())
    found = await patient(mail)
    assert ("0113 496 0000", ["urn:acute", "https://fhir.nhs.uk/Id/nhs-number"]) == (
        found["telecom"][0]["value"],
        [each["system"] for each in found["identifier"]],
    )
    assert [
        {
            "type": "Organization",
            "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "B86056"},
            "display": "Larch Road Surgery",
        }
    ] == found["generalPractitioner"]
    assert "profile" not in found["meta"]


async def test_a_patient_that_is_not_known_is_recorded(mail: Mail) -> None:
    await mail.take(a_change_of_address("1 Larch Road"))
    assert "1 Larch Road" == (await patient(mail))["address"][0]["line"][0]


async def test_a_death_is_recorded_with_its_status_and_removed_again(mail: Mail) -> None:
    await mail.take(a_death("1", '<deceasedBoolean value="true"/>', id="m-1"))
    await mail.take(a_death("2", id="m-2"))
    found = await patient(mail)
    assert ("2026-11-01", False) == (found["deceasedDateTime"], "deceasedBoolean" in found)
    (status,) = found["extension"]
    assert (DEATH, "2") == (status["url"], status["extension"][0]["valueCodeableConcept"]["coding"][0]["code"])
    await mail.take(a_death("U", id="m-3"))
    found = await patient(mail)
    assert "deceasedDateTime" not in found
    assert "U" == found["extension"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]


async def test_a_stay_is_recorded_for_the_patient_it_is_routed_by_and_taken_back(mail: Mail) -> None:
    await mail.take(a_stay(id="m-1"))
    (stay,) = await mail.all("Encounter")
    assert f"Patient/{(await patient(mail))['id']}" == stay["subject"]["reference"]
    assert ("in-progress", "a fall") == (stay["status"], stay["reasonCode"][0]["text"])
    await mail.take(a_stay("finished", id="m-2", kind="update"))
    await mail.take(a_stay("finished", id="m-3", kind="delete"))
    (stay,) = await mail.all("Encounter")
    assert ("entered-in-error", "3") == (stay["status"], stay["meta"]["versionId"])


async def test_who_a_stay_is_routed_by_is_not_changed_by_it(mail: Mail) -> None:
    verified = {"url": "urn:verified", "valueCode": "01"}
    known = KNOWN | {"identifier": [{**KNOWN["identifier"][0], "extension": [verified]}]}
    await mail.repository.commit(lambda turn: turn.create(known))
    await mail.take(a_stay())
    found = await patient(mail)
    assert ("1", [verified]) == (found["meta"]["versionId"], found["identifier"][0]["extension"])


async def test_what_is_recorded_is_valid(mail: Mail, definitions: Definitions) -> None:
    for message in (a_change_of_gp(id="1"), a_death("2", id="2"), a_stay(id="3")):
        await mail.take(message)
    validator = Validator(definitions, options=Options(extension_domains=("http://", "https://")))
    for type in ("Patient", "Encounter", "MessageHeader"):
        for resource in await mail.all(type):
            assert [] == [each.diagnostics for each in validator.validate(resource) if each.is_error], type


async def test_a_message_that_comes_again_changes_nothing(mail: Mail) -> None:
    await mail.take(a_change_of_address("1 Larch Road", id="m-1"))
    await mail.take(a_change_of_address("2 Larch Road", id="m-2"))
    await mail.take(a_change_of_address("1 Larch Road", id="m-1"))
    assert "2 Larch Road" == (await patient(mail))["address"][0]["line"][0]


async def test_the_id_of_another_message_is_a_conflict(mail: Mail) -> None:
    await mail.take(a_change_of_address("1 Larch Road"))
    with pytest.raises(ConflictError):
        await mail.take(a_change_of_address("2 Larch Road"))


async def test_what_is_earlier_than_what_was_taken_changes_nothing(mail: Mail) -> None:
    await mail.take(a_change_of_address("2 Larch Road", id="m-2", version="2"))
    await mail.take(a_change_of_address("1 Larch Road", id="m-1", version="1"))
    assert "2 Larch Road" == (await patient(mail))["address"][0]["line"][0]
    await mail.take(a_change_of_address("9 Larch Road", id="m-9", version="1", publisher="urn:another"))
    assert "9 Larch Road" == (await patient(mail))["address"][0]["line"][0]


@pytest.mark.parametrize(
    ("order", "known", "expected"),
    [
        ("version 10", "version 9", True),
        ("version 9", "version 10", False),
        ("version 9", "version 9", True),
        ("at 2026-11-01T15:00:00+01:00", "at 2026-11-01T14:30:00+00:00", False),
        ("at 2026-11-01T15:00:00+00:00", "version 10", True),
        ("", "version 10", True),
        ("version 1", "", True),
    ],
)
def test_of_two_messages_one_may_be_earlier(order: str, known: str, expected: bool) -> None:
    assert expected == is_later(order, known)


async def test_an_echo_of_the_hub_itself_is_passed_over(definitions: Definitions) -> None:
    mail = Mail(definitions)
    object.__setattr__(mail.messages.inflow.rules, "own", ("https://hub.example/fhir",))
    await mail.take(a_change_of_gp(publisher="https://hub.example/fhir"))
    assert [] == await mail.all("Patient")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (a_change_of_gp(kind="delete"), NotSupportedError),
        (a_change_of_gp(kind="surprise"), InvalidError),
        (a_change_of_gp().replace(b"nhs-number", b"other-number"), InvalidError),
        (a_message("pds-birth-notification-1").replace(b'<id value="m-1"/>', b""), InvalidError),
        (a_change_of_gp().replace(b"EventType-1", b"SomethingElse"), NotSupportedError),
    ],
    ids=["delete", "kind", "nobody", "no id", "no event"],
)
async def test_what_is_no_event_is_refused(mail: Mail, message: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await mail.take(message)
    assert [] == await mail.all("Patient")


async def test_what_the_locality_does_not_take_is_not_written(definitions: Definitions) -> None:
    mail = Mail(definitions)
    object.__setattr__(mail.messages.inflow.rules, "check", lambda resource: [Issue("error", "invalid", "no")])
    with pytest.raises(InvalidError):
        await mail.take(a_change_of_gp())
    assert [] == await mail.all("Patient")


def test_a_message_in_r4_is_left_as_it_is() -> None:
    data = b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/></Bundle>'
    assert data is as_r4(data)


async def post(desk: Desk, message: Resource) -> Any:
    return await desk("POST", "$process-message", message)


async def test_an_event_that_is_posted_is_recorded_and_answered(desk: Desk, definitions: Definitions) -> None:
    hub = desk.with_hub(inflow=Inflow(EventRules(desk.hub.clock, lambda resource: [], own=(BASE,)), desk.hub.types))
    message = parse_xml(as_r4(a_change_of_gp()), definitions.types)
    first, second = await post(hub, message), await post(hub, message)
    header = first.resource["entry"][0]["resource"]
    assert (200, "ok", "pds-change-of-gp-1") == (
        first.status,
        header["response"]["code"],
        header["eventCoding"]["code"],
    )
    assert first.resource["entry"] == second.resource["entry"]
    (found,) = await hub.all("Patient")
    assert "1" == found["meta"]["versionId"]
    assert f"Patient/{found['id']}" in json.dumps(await hub.audits())


async def test_an_event_in_the_json_of_stu3_is_understood(desk: Desk, definitions: Definitions) -> None:
    hub = desk.with_hub(inflow=Inflow(EventRules(desk.hub.clock, lambda resource: []), desk.hub.types))
    message = parse_xml(as_r4(a_change_of_gp()), definitions.types)
    header = message["entry"][0]["resource"]
    header["event"] = header.pop("eventCoding")
    answer = await post(hub, message)
    assert "pds-change-of-gp-1" == answer.resource["entry"][0]["resource"]["eventCoding"]["code"]
    assert 1 == len(await hub.all("Patient"))
