"""One event message, read as far as it can be without the record."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from careloom.connectors.nems.stu3 import header_as_r4
from careloom.connectors.told import Told
from careloom.model import Resource
from careloom.model.errors import InvalidError, NotSupportedError
from careloom.model.nhs_number import NHS_NUMBER, is_nhs_number
from careloom.model.records import dataclass

EVENTS: Final = frozenset(
    {"https://fhir.nhs.uk/STU3/CodeSystem/EventType-1", "https://fhir.nhs.uk/STU3/CodeSystem/EventCode-1"}
)
KINDS: Final = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-MessageEventType-1"
DEATH: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
DEATH_CODES: Final = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus"

_DEATH_OF_STU3: Final = (
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1"
)
_LONGEST_VERSION: Final = 18
_DECEASED: Final = ("deceasedBoolean", "deceasedDateTime")
_NOT_TOLD: Final = frozenset({"id", "meta", "text", "contained"})
_UNKNOWN_CLASS: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK"}

Kind = Literal["new", "update", "delete"]


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An event message.

    Attributes:
        id: ``MessageHeader.id``.
        coding: Of the event, as FHIR has it.
        kind: Whether it tells of something new, a change, or that it was not so.
        publisher: Who it comes from: the endpoint in its header, or else the organisation responsible.
        order: ``version 3`` or ``at 2026-…``, by which a later message is told from an earlier one; empty for neither.
        patient: What it says of the patient.
        encounter: What it says of the stay; None where it is about no stay.
    """

    id: str
    coding: Resource
    kind: Kind
    publisher: str
    order: str
    patient: Told
    encounter: Told | None

    @property
    def code(self) -> str:
        """Of the event, such as ``pds-change-of-gp-1``."""
        return str(self.coding.get("code", ""))

    @property
    def is_routed_alone(self) -> bool:
        """Whether it says of the patient no more than who it is."""
        return self.patient.resource.keys() <= {"resourceType", "identifier"}

    @property
    def about(self) -> str:
        """NHS number of the patient."""
        identifiers = self.patient.resource["identifier"]
        return next(str(each["value"]) for each in identifiers if each.get("system") == NHS_NUMBER)


def read_event(bundle: Resource) -> EventMessage | None:
    """The event in a message; None where the message is none of an event.

    Raises:
        InvalidError: Whom it is about is not said, or its shape is not that of an event message.
        NotSupportedError: It takes back what cannot be taken back.
    """
    try:
        entries = {str(each.get("fullUrl", "")): each["resource"] for each in bundle["entry"]}
        header = header_as_r4(next(iter(entries.values())))
        coding = header.get("eventCoding") or {}
        if bundle.get("type") != "message" or coding.get("system") not in EVENTS:
            return None
        return _event(header, coding, entries)
    except (AttributeError, KeyError, TypeError, IndexError, StopIteration) as error:
        if not _claims_an_event(bundle):
            return None
        raise InvalidError("Bundle: the shape of an event message expected") from error


def is_later(order: str, known: str) -> bool:
    """Whether a message does not come before one that is known, as far as their orders can be compared."""
    by, _, told = order.partition(" ")
    by_known, _, before = known.partition(" ")
    if by != by_known or not told:
        return True
    if by == "version":
        return int(told) >= int(before)
    return datetime.fromisoformat(told) >= datetime.fromisoformat(before)


def _claims_an_event(bundle: Resource) -> bool:
    return any(system in str(bundle) for system in EVENTS)


def _event(header: Resource, coding: Resource, entries: Mapping[str, Resource]) -> EventMessage:
    kind = _kind(header)
    told = next((each for each in entries.values() if each.get("resourceType") == "Encounter"), None)
    if kind == "delete" and told is None:
        raise NotSupportedError(f"MessageHeader: {coding.get('code')} is changed by a message, and not deleted")
    named = quote(str(header.get("responsible", {}).get("display", "unknown")))
    publisher = header.get("source", {}).get("endpoint") or f"urn:careloom:publisher:{named}"
    return EventMessage(
        id=str(header["id"]),
        coding={key: coding[key] for key in ("system", "code", "display") if key in coding},
        kind=kind,
        publisher=str(publisher),
        order=_order(header.get("meta", {})),
        patient=_patient(header, entries),
        encounter=_encounter(told, entries, kind) if told else None,
    )


def _kind(header: Resource) -> Kind:
    for extension in header.get("extension", []):
        if extension.get("url") == KINDS:
            code = extension["valueCodeableConcept"]["coding"][0]["code"]
            found: Kind | None = next((each for each in ("new", "update", "delete") if each == code), None)
            if found is None:
                raise InvalidError(f"MessageHeader: new, update or delete expected as its kind, {code!r} found")
            return found
    return "new"


def _order(meta: Resource) -> str:
    version, updated = str(meta.get("versionId", "")), str(meta.get("lastUpdated", ""))
    if version.isascii() and version.isdecimal() and len(version) <= _LONGEST_VERSION:
        return f"version {version}"
    try:
        return f"at {updated}" if datetime.fromisoformat(updated).tzinfo else ""
    except ValueError:
        return ""


def _patient(header: Resource, entries: Mapping[str, Resource]) -> Told:
    """The Patient of the message, or whom its header routes it by."""
    found = next((each for each in entries.values() if each.get("resourceType") == "Patient"), None)
    told = _plain(found, entries) if found else _routed(header)
    told["identifier"] = _identifying(told.get("identifier", []))
    numbers = [str(each.get("value", "")) for each in told["identifier"] if each.get("system") == NHS_NUMBER]
    if not numbers or not all(map(is_nhs_number, numbers)):
        which = "one that fails its check digit" if any(numbers) else "none"
        raise InvalidError(
            f"Patient.identifier: an NHS number expected, {which} found", expression="Patient.identifier"
        )
    told["extension"] = [
        _death(each) if each.get("url") == _DEATH_OF_STU3 else each for each in told.get("extension", [])
    ]
    if not told["extension"]:
        del told["extension"]
    is_revoked = any(_death_code(each) == "U" for each in told.get("extension", []))
    kept = {key: value for key, value in told.items() if not (is_revoked and key in _DECEASED)}
    removed = [key for key in _DECEASED if is_revoked or (key not in kept and any(each in kept for each in _DECEASED))]
    return Told(kept, frozenset((key,) for key in removed))


def _routed(header: Resource) -> Resource:
    """The demographics that an event is routed by: they say who it is, and nothing is changed by them."""
    identifiers = [
        part["valueIdentifier"]
        for extension in header.get("extension", [])
        for part in extension.get("extension", [])
        if part.get("url") == "nhsNumber"
    ]
    return {"resourceType": "Patient", "identifier": identifiers}


def _encounter(told: Resource, entries: Mapping[str, Resource], kind: Kind) -> Told:
    resource = _plain(told, entries)
    own = [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{told['id']}"}]
    resource["identifier"] = _identifying(resource.get("identifier", [])) or own
    resource.setdefault("class", _UNKNOWN_CLASS)
    resource.pop("subject", None)
    if kind == "delete":
        resource["status"] = "entered-in-error"
    return Told(resource)


def _identifying(identifiers: list[Resource]) -> list[Resource]:
    """Those that something can be found by."""
    return [each for each in identifiers if isinstance(each.get("value"), str) and each["value"]]


def _plain(resource: Resource, entries: Mapping[str, Resource]) -> Resource:
    """The resource as content: without what was its own where it comes from, its references said by identifier."""
    plain = {key: _said(value, entries) for key, value in resource.items() if key not in _NOT_TOLD}
    for element, name in (("identifier", "system"), ("extension", "url")):
        if any(not isinstance(item.get(name, ""), str) for item in plain.get(element, [])):
            raise InvalidError(f"{resource['resourceType']}.{element}: a text expected as the {name} of each")
    return plain


def _said(value: Any, entries: Mapping[str, Resource]) -> Any:
    if isinstance(value, list):
        return [_said(each, entries) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("reference"), str):
        return dict(_by_identifier(value, entries))
    return {key: _said(each, entries) for key, each in value.items()}


def _by_identifier(reference: Resource, entries: Mapping[str, Resource]) -> Iterator[tuple[str, Any]]:
    target = entries.get(reference["reference"], {})
    type, identifiers = target.get("resourceType"), target.get("identifier") or []
    if type:
        yield "type", type
    if identifiers:
        yield "identifier", {key: identifiers[0][key] for key in ("system", "value") if key in identifiers[0]}
    if display := reference.get("display") or (target.get("name") if isinstance(target.get("name"), str) else ""):
        yield "display", display
    elif not identifiers:
        yield "display", reference["reference"]


def _death(extension: Resource) -> Resource:
    """The status of a death as UK Core has it in R4."""
    return {"url": DEATH, "extension": [_death_part(part) for part in extension.get("extension", [])]}


def _death_part(part: Resource) -> Resource:
    if "valueCodeableConcept" not in part:
        return part
    codings = [{"system": DEATH_CODES, "code": each["code"]} for each in part["valueCodeableConcept"]["coding"]]
    return {"url": part["url"], "valueCodeableConcept": {"coding": codings}}


def _death_code(extension: Resource) -> str:
    parts = extension.get("extension", []) if extension.get("url") == DEATH else []
    codings = (code for part in parts for code in part.get("valueCodeableConcept", {}).get("coding", []))
    return next((str(each.get("code", "")) for each in codings), "")
