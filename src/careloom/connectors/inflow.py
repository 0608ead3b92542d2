"""What the hub is sent and is no FHIR R4 request: read by the connector whose format it is."""

from collections.abc import Mapping

from careloom.connectors.intake import Brought
from careloom.connectors.nems import EventRules, NemsSource, as_r4, read_event
from careloom.connectors.signals import SignalSource
from careloom.definitions import TypeModel
from careloom.model import Resource
from careloom.model.errors import InvalidError, MalformedError, NotSupportedError
from careloom.model.json import parse_resource
from careloom.model.records import dataclass
from careloom.model.xml import read_xml
from careloom.notify.signals import BATCH, STRUCTURED, Signal, is_cloud_event, read_signal_bundle


@dataclass(frozen=True, slots=True)
class Inflow:
    """Reads what clients send; each client's names for things are its own.

    Attributes:
        rules: By what events are taken.
        types: What XML is read by.
    """

    rules: EventRules
    types: TypeModel

    def signals(self, client: str, headers: Mapping[str, str], data: bytes) -> Brought:
        """CloudEvents of a client.

        Raises:
            CareloomError: One of them is no good; none of them counts then.
        """
        return SignalSource(client, self.rules.clock).read(headers, data)

    def event(self, client: str, message: Resource) -> Brought | None:
        """The event in a message of a client; None where it is a message of something else.

        Raises:
            InvalidError: It is an event, and no good one.
            NotSupportedError: It takes back what cannot be taken back.
        """
        event = read_event(message)
        if event is None:
            return None
        return NemsSource(client, self.rules).brought(event, message)

    def as_r4(self, data: bytes) -> bytes:
        """A message in XML as R4 has it, where it is an event's in STU3.

        Raises:
            MalformedError: It is no XML.
        """
        return as_r4(data)

    def message(self, client: str, content_type: str, data: bytes) -> Brought:
        """What came as a message of its own, out of a mailbox: an event, a signal of MNS, or CloudEvents.

        Raises:
            NotSupportedError: It is something else.
            CareloomError: It is no good.
        """
        if content_type.partition(";")[0].strip().lower() in (STRUCTURED, BATCH):
            return self.signals(client, {"content-type": content_type}, data)
        is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        if not is_xml and is_cloud_event(data):  # which those of MNS say to be plain JSON
            return self.signals(client, {"content-type": STRUCTURED}, data)
        resource = self._xml(data) if is_xml else parse_resource(data)
        found = self.event(client, resource)
        return found or SignalSource(client, self.rules.clock).brought([_signal(resource)])

    def _xml(self, data: bytes) -> Resource:
        document = read_xml(as_r4(data), self.types)
        if odd := [issue for issue in document.issues if issue.rule == "xml"]:
            raise MalformedError(f"not FHIR XML: {odd[0].diagnostics}", issues=odd)
        return document.resource


def _signal(resource: Resource) -> Signal:
    if resource.get("resourceType") != "Bundle" or resource.get("type") != "history":
        raise NotSupportedError("message: an event's, or a signal as CloudEvents or as a Bundle of MNS, expected")
    try:
        return read_signal_bundle(resource)
    except (AttributeError, TypeError, KeyError, IndexError) as error:
        raise InvalidError("message: a Bundle in the shape of MNS expected") from error
