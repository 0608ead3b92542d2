"""$disclosures: who was told what of a patient, as a list that the patient can read.

It is made of the audit alone: each telling has left a record there, before the hub went on. What was held back, because
the subscriber was not allowed to know it any more, is in the list too. Who else is told of a patient tells of the
patient, so it is for those who may search the audit.
"""

from collections.abc import Iterator
from typing import Any, Final

from careloom.model.resource import Resource
from careloom.rest.access import require_search
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version
from careloom.rest.parameters import inputs
from careloom.rest.visibility import narrowed
from careloom.search.conditions import Comparison
from careloom.search.operands import ReferenceOperand, TokenOperand
from careloom.search.query import Query
from careloom.store import Page

MOST: Final = 1000
"""Records in one answer, the newest; who wants the others asks for the next page."""

_TAKES: Final = (Parameter("page", "string", about="the page that another one named as the next"),)

_EXPORT: Final = "110106"
_HELD_BACK: Final = "8"
_PATIENT: Final = "1"
"""The role of an entity that is a patient."""


async def disclosures(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Patient/1/$disclosures``.

    Raises:
        NotFoundError: There is no such patient.
        ForbiddenError: The client may not search AuditEvent.
        DeletedError: The patient was deleted.
        MalformedError: A page there is not.
    """
    given = inputs(request, _TAKES)
    require_search("AuditEvent", request, hub)
    version = await addressed_version(request, hub)
    page = await _records(version.reference, given.text("page"), request, hub)
    told = [_disclosure(each.resource, version.reference) for each in page.matches if each.resource]
    if page.next:
        told.append({"name": "next", "valueString": page.next})
    resource: Resource = {"resourceType": "Parameters"}
    return FhirResponse(200, resource | {"parameter": told} if told else resource, versions=(version,))


async def _records(patient: str, page: str, request: FhirRequest, hub: Hub) -> Page:
    """The audit records of what was told of a patient, as far as the client may see them, the newest first."""
    conditions = (
        Comparison("entity", "reference", (ReferenceOperand(patient, (patient,)),)),
        Comparison("type", "token", (TokenOperand(None, _EXPORT),)),
    )
    query = Query("AuditEvent", conditions, count=MOST, total="none", page=page or None)
    return await hub.repository.search(narrowed(query, request, hub))


def _disclosure(event: Resource, patient: str) -> dict[str, Any]:
    parts = [
        {"name": "recorded", "valueInstant": event["recorded"]},
        {"name": "outcome", "valueString": "held back" if event.get("outcome") == _HELD_BACK else "told"},
        *({"name": "recipient", "valueString": name} for name in _recipients(event)),
        *({"name": "purpose", "valueCoding": coding} for coding in _purposes(event)),
        *({"name": "what", "valueReference": {"reference": what}} for what in _what(event, patient)),
    ]
    if event.get("outcomeDesc"):
        parts.append({"name": "reason", "valueString": event["outcomeDesc"]})
    return {"name": "disclosure", "part": parts}


def _recipients(event: Resource) -> Iterator[str]:
    """The systems and organisations that were told, by their names."""
    for agent in event.get("agent", ()):
        who = agent.get("who", {})
        name = who.get("display") or who.get("identifier", {}).get("value")
        if name and not agent.get("requestor"):
            yield name


def _purposes(event: Resource) -> Iterator[dict[str, Any]]:
    for concept in event.get("purposeOfEvent", ()):
        yield from concept.get("coding", ())


def _what(event: Resource, patient: str) -> Iterator[str]:
    """The versions that were told of: those that stand behind the patient, and before the next."""
    whose = ""
    for entity in event.get("entity", ()):
        reference = entity.get("what", {}).get("reference", "")
        if entity.get("role", {}).get("code") == _PATIENT:
            whose = reference
        elif "/_history/" in reference and whose == patient:
            yield reference


DISCLOSURES = Operation(
    "disclosures",
    disclosures,
    title="Who was told what of a patient",
    definition="https://careloom.example/fhir/OperationDefinition/Patient-disclosures",
    levels={"instance": "r"},
    types=("Patient",),
    takes=_TAKES,
    gives=(
        Parameter("next", "string", about="the page that follows, with older ones"),
        Parameter(
            "disclosure",
            most="*",
            parts=(
                Parameter("recorded", "instant", about="when"),
                Parameter("outcome", "string", about="told, or held back"),
                Parameter("recipient", "string", most="*", about="who"),
                Parameter("purpose", "Coding", most="*", about="what for"),
                Parameter("what", "Reference", most="*", about="which versions of which resources"),
                Parameter("reason", "string", about="what permitted or forbade it"),
            ),
        ),
    ),
)
"""$disclosures."""
