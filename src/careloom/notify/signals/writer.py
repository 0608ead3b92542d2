"""The signal in a notification: what a lane has written after the guide, for those who take signals.

Nothing of a resource is in it but its address, its version, and the NHS number of the patient that it is or refers to,
as far as the notification holds that patient. What the notification does not name is not in the signal.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from careloom.model import Resource
from careloom.model.nhs_number import NHS_NUMBER, is_nhs_number
from careloom.model.records import dataclass
from careloom.notify.signals.cloud_events import written_cloud_event
from careloom.notify.signals.signal import Signal
from careloom.notify.topics.topic import last_part
from careloom.search import SearchParameters, index_values

OWN_EVENTS: Final = "org.careloom.subscription"
"""What the types begin with of events that are about the subscription itself."""

_WHOM: Final = ("subject", "patient", "for")
"""Elements by which resources refer to their patient."""

_SEQUENCE: Final = "019d"
"""Of the order of their texts as well as of their values, as CloudEvents asks of a sequence."""


@dataclass(frozen=True, slots=True)
class SignalWriter:
    """Makes signals of notifications with one event at most.

    Attributes:
        events: By URL of a topic, what its events are called.
        parameters: By which the patient is found that a resource refers to.
        source: Who says so in signals, a URI reference.
    """

    events: Mapping[str, str]
    parameters: SearchParameters
    source: str

    def signal(self, notification: Resource) -> Signal | None:
        """What the notification tells of; None where it is a handshake or a heartbeat."""
        parameters = _parameters(notification)
        if "notification-event" not in parameters:
            return None
        event = {each["name"]: each for each in parameters["notification-event"]["part"]}
        focus, *others = notification["entry"][1:] if "focus" in event else [{}]
        return Signal(
            id=notification["id"],
            source=self.source,
            type=self._type(parameters),
            time=event["timestamp"]["valueInstant"],
            dataref=event["focus"]["valueReference"]["reference"] if "focus" in event else "",
            subject=self._subject(focus.get("resource"), others),
            version_id=focus.get("response", {}).get("etag", ""),
        )

    def cloud_event(self, notification: Resource) -> Resource:
        """The notification as a CloudEvent, with the address of the subscription whose numbers its sequence has.

        A handshake and a heartbeat are events of our own; they say how far the sequence has come.
        """
        parameters = _parameters(notification)
        subscription = parameters["subscription"]["valueReference"]["reference"]
        signal = self.signal(notification)
        if signal is not None:
            event = {each["name"]: each for each in parameters["notification-event"]["part"]}
            number = int(event["event-number"]["valueString"])
            return {**written_cloud_event(signal), "subscription": subscription, "sequence": f"{number:{_SEQUENCE}}"}
        count = int(parameters["events-since-subscription-start"]["valueString"])
        return {
            "specversion": "1.0",
            "id": notification["id"],
            "source": self.source,
            "type": f"{OWN_EVENTS}.{parameters['type']['valueCode']}",
            "time": notification["timestamp"],
            "subscription": subscription,
            "lastsequence": f"{count:{_SEQUENCE}}",
        }

    def _type(self, parameters: Mapping[str, Any]) -> str:
        """What the event is called; content ``empty`` may not say so."""
        if "topic" not in parameters:
            return f"{OWN_EVENTS}.event-notification"
        topic: str = parameters["topic"]["valueCanonical"]
        return self.events.get(topic, last_part(topic))

    def _subject(self, focus: Resource | None, others: Iterable[dict[str, Any]]) -> str:
        """The NHS number of the one patient that a focus is or refers to; empty where there is none, or no one."""
        if focus is None:
            return ""
        found = set(_numbers(focus)) if focus["resourceType"] == "Patient" else set(self._referred(focus, others))
        return found.pop() if len(found) == 1 else ""

    def _referred(self, focus: Resource, others: Iterable[dict[str, Any]]) -> Iterator[str]:
        """NHS numbers of the patients that a focus refers to, by address or by the number itself."""
        yield from _valid(focus.get(name, {}).get("identifier", {}) for name in _WHOM if _is_one(focus.get(name)))
        references = index_values(focus, self.parameters, only=["patient"]).references.get("patient", ())
        ends = tuple(f"/{each.type}/{each.id}" for each in references if each.id)
        for entry in others:
            resource = entry.get("resource", {})
            if resource.get("resourceType") == "Patient" and entry["fullUrl"].endswith(ends):
                yield from _numbers(resource)


def usual_source(base_url: str) -> str:
    """The name of a hub's host from the end, ``https://hub.north.example/fhir``: ``example.north.hub``.

    A host that has no name is called by the address of the hub.
    """
    host = urlsplit(base_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return ".".join(reversed(host.split("."))) if "." in host else base_url
    return base_url


def _parameters(notification: Resource) -> dict[str, Any]:
    return {each["name"]: each for each in notification["entry"][0]["resource"]["parameter"]}


def _numbers(patient: Resource) -> Iterator[str]:
    return _valid(each for each in patient.get("identifier", ()) if each.get("use") != "old")


def _valid(identifiers: Iterable[dict[str, Any]]) -> Iterator[str]:
    for each in identifiers:
        if each.get("system") == NHS_NUMBER and is_nhs_number(each.get("value", "")):
            yield each["value"]


def _is_one(reference: object) -> bool:
    """Whether a resource refers to one by this element; some types have it as a list."""
    return isinstance(reference, dict)
