"""A topic as a resource: an R5 SubscriptionTopic in the clothes that R4 has for it, a Basic with its elements.

Source: Subscriptions R5 Backport, topics in R4: each element of the later resource is the extension that FHIR's
cross-version rules name for it.
"""

import uuid
from collections.abc import Iterator
from typing import Any, Final

from careloom.model import Resource
from careloom.notify.topics.topic import Filter, Topic, Trigger

ELEMENT: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
EVENT_TYPE: Final = "https://careloom.org/CodeSystem/signal-type"
"""The system of what events are called in signals."""

TYPE: Final = "http://hl7.org/fhir/StructureDefinition/"

_NAMESPACE: Final = uuid.UUID("0f4a53a3-7a0e-5d5b-9a77-54a9f8a0f6a5")
_CHANGES: Final = ("create", "update", "delete")


def basic_topic(topic: Topic) -> Resource:
    """The topic as an R4 resource; its id follows from its URL."""
    extensions = [
        _extension(f"{ELEMENT}url", "Uri", topic.url),
        _extension(f"{ELEMENT}title", "String", topic.title),
        _extension(f"{ELEMENT}identifier", "Identifier", {"system": EVENT_TYPE, "value": topic.event}),
        *([_extension(f"{ELEMENT}description", "Markdown", topic.description)] if topic.description else []),
        *(_nested("resourceTrigger", _trigger(each)) for each in topic.triggers),
        *(_nested("canFilterBy", part) for each in topic.filters for part in _filters(each, topic)),
        *(_nested("notificationShape", _shape(type, topic)) for type in topic.resources),
    ]
    return {
        "resourceType": "Basic",
        "id": str(uuid.uuid5(_NAMESPACE, topic.url)),
        "extension": extensions,
        "modifierExtension": [_extension(f"{ELEMENT}status", "Code", "active")],
        "code": {"coding": [{"system": "http://hl7.org/fhir/fhir-types", "code": "SubscriptionTopic"}]},
    }


def _trigger(trigger: Trigger) -> Iterator[dict[str, Any]]:
    yield _extension("resource", "Uri", TYPE + trigger.resource)
    yield from (_extension("supportedInteraction", "Code", each) for each in _CHANGES if each in trigger.interactions)
    if trigger.previous or trigger.current:
        yield {"url": "queryCriteria", "extension": list(_criteria(trigger))}
    if trigger.fhirpath:
        yield _extension("fhirPathCriteria", "String", trigger.fhirpath)


def _criteria(trigger: Trigger) -> Iterator[dict[str, Any]]:
    if trigger.previous:
        yield _extension("previous", "String", trigger.previous)
        yield _extension("resultForCreate", "Code", _result(trigger.passes_on_create))
    if trigger.current:
        yield _extension("current", "String", trigger.current)
        yield _extension("resultForDelete", "Code", _result(trigger.passes_on_delete))
    yield _extension("requireBoth", "Boolean", True)


def _filters(filter: Filter, topic: Topic) -> Iterator[Iterator[dict[str, Any]]]:
    for type in (filter.resource,) if filter.resource else topic.resources:
        yield _filter(filter, type)


def _filter(filter: Filter, type: str) -> Iterator[dict[str, Any]]:
    yield _extension("resource", "Uri", type)
    yield _extension("filterParameter", "String", filter.parameter)
    yield from (_extension("comparator", "Code", each) for each in sorted({"eq", *filter.comparators}))
    yield from (_extension("modifier", "Code", each) for each in sorted(filter.modifiers))


def _shape(type: str, topic: Topic) -> Iterator[dict[str, Any]]:
    yield _extension("resource", "Uri", TYPE + type)
    yield from (_extension("include", "String", each) for each in topic.include if each.startswith(f"{type}:"))


def _result(passes: bool) -> str:
    return "test-passes" if passes else "test-fails"


def _nested(name: str, parts: Iterator[dict[str, Any]]) -> dict[str, Any]:
    return {"url": ELEMENT + name, "extension": list(parts)}


def _extension(url: str, type: str, value: object) -> dict[str, Any]:
    return {"url": url, f"value{type}": value}
