"""From an event message in STU3 to one that reads as R4, as far as events need it.

Only the types that are mapped stay; in those the elements that R4 calls otherwise get their new names, and what it has
no place for goes. Anything else that is no R4 is then told by whoever reads it.
"""

from typing import Final

from lxml import etree

from careloom.model import Resource
from careloom.model.xml.source import FHIR, parse_source

_KEPT: Final = frozenset({"MessageHeader", "Patient", "Organization", "Practitioner", "Encounter"})
_RENAMED: Final = {
    "MessageHeader": {"event": "eventCoding"},
    "Encounter": {"reason": "reasonCode"},
}
_DROPPED: Final = {
    "MessageHeader": frozenset({"timestamp", "receiver"}),
    "Patient": frozenset({"animal"}),
    "Encounter": frozenset({"incomingReferral", "diagnosis"}),
    "Practitioner": frozenset({"role"}),
}
_LIKELY: Final = b"<event>"


def as_r4(data: bytes) -> bytes:
    """An XML text as R4 has it, where it is a message whose header is one of STU3; as it is, otherwise.

    Raises:
        MalformedError: It is no XML.
    """
    if _LIKELY not in data:
        return data
    root = parse_source(data)
    resources = [(entry, each) for entry in root.iter(_name("entry")) for each in _resource(entry)]
    if root.tag != _name("Bundle") or not any(_is_header_of_stu3(each) for _, each in resources):
        return data
    for entry, resource in resources:
        type = etree.QName(resource).localname
        if type not in _KEPT:
            root.remove(entry)
        else:
            _adapt(resource, type)
    return etree.tostring(root, encoding="utf-8")


def header_as_r4(header: Resource) -> Resource:
    """A MessageHeader in JSON with its event where R4 has it."""
    if "event" not in header:
        return header
    kept = {key: value for key, value in header.items() if key not in ("event", *_DROPPED["MessageHeader"])}
    return kept | {"eventCoding": header["event"]}


def _adapt(resource: etree._Element, type: str) -> None:
    for child in list(resource):
        name = etree.QName(child).localname
        if name in _DROPPED.get(type, ()):
            resource.remove(child)
        elif name in _RENAMED.get(type, {}):
            child.tag = _name(_RENAMED[type][name])


def _resource(entry: etree._Element) -> list[etree._Element]:
    return [each for holder in entry.iterchildren(_name("resource")) for each in holder]


def _is_header_of_stu3(resource: etree._Element) -> bool:
    return resource.tag == _name("MessageHeader") and resource.find(_name("event")) is not None


def _name(local: str) -> str:
    return f"{{{FHIR}}}{local}"
