"""The Bundle of a signal, held to what the schema of MNS asks for, said here in our own words."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from careloom.notify.signals import Signal, signal_bundle

PROFILE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4"
UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def having(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def exactly(*items: dict[str, Any], least: int) -> dict[str, Any]:
    return {"type": "array", "prefixItems": list(items), "items": False, "minItems": least}


def named(name: str, **value: Any) -> dict[str, Any]:
    return having(name={"const": name}, **value)


TEXT = {"type": "string"}
INSTANT = {"type": "string", "format": "date-time"}
EVENT = exactly(
    named("event-number", valueString={"const": "1"}),
    named("timestamp", valueInstant=INSTANT),
    named("focus", valueReference=having(reference=TEXT)),
    least=2,
)
SUBJECT = named("subject", valueReference=having(identifier=having(value=TEXT)))
VERSION = named("version-id", valueString=TEXT)
CONTEXT = exactly(named("event-type", valueString=TEXT), named("source", valueUri=TEXT), least=2) | {
    "items": {"anyOf": [SUBJECT, VERSION]},
    "maxItems": 4,
}
PARAMETERS = exactly(
    named("subscription", valueReference=having(reference=TEXT)),
    named("status", valueCode={"const": "active"}),
    named("type", valueCode={"const": "event-notification"}),
    named("notification-event", part=EVENT),
    named("additional-context", part=CONTEXT),
    least=5,
)
SIGNAL = having(
    fullUrl={"pattern": f"^urn:uuid:{UUID}$"},
    resource=having(
        resourceType={"const": "Parameters"},
        meta=having(profile=exactly({"const": PROFILE}, least=1)),
        id={"pattern": f"^{UUID}$"},
        parameter=PARAMETERS,
    ),
)
BY_GET = {"request": having(method={"const": "GET"}, url=TEXT), "response": having(status={"const": "200"})}
HYDRATED = having(fullUrl=TEXT, resource={"type": "object"}, **BY_GET)
BUNDLE = having(
    resourceType={"const": "Bundle"},
    id=TEXT,
    type={"const": "history"},
    timestamp=INSTANT,
    entry=exactly(SIGNAL, HYDRATED, least=1),
)


@pytest.mark.parametrize("hydrated", [None, {"resourceType": "Patient"}], ids=["signal", "hydrated"])
@pytest.mark.parametrize("subject", ["9990548609", ""], ids=["about somebody", "about nobody"])
@pytest.mark.parametrize("version_id", ['W/"4"', ""], ids=["version", "any version"])
@pytest.mark.parametrize("dataref", ["https://pds.example/fhir/Patient/p", ""], ids=["focus", "no focus"])
@pytest.mark.parametrize("id", ["236a1d4a-5d69-4fa9-9c7f-e72bf505aa5b", "event-7"])
def test_a_signal_has_the_shape_of_mns(
    id: str, dataref: str, version_id: str, subject: str, hydrated: dict[str, Any] | None
) -> None:
    signal = Signal(
        id=id,
        source="uk.nhs.personal-demographics-service",
        type="pds-change-of-gp-2",
        time="2026-11-22T10:15:00Z",
        dataref=dataref,
        subject=subject,
        version_id=version_id,
    )
    bundle = signal_bundle(signal, "https://hub.example/fhir/Subscription", hydrated=hydrated if dataref else None)
    assert [] == [error.message for error in Draft202012Validator(BUNDLE).iter_errors(bundle)]
