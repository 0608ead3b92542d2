"""Signals to mailboxes, for those who subscribed as they do at MNS: each event a message in its shape.

The number of the event is in the local id alone, since in the Bundle MNS has it as one for all; a report that something
was not collected is understood by that (`careloom.notify.channels.mesh.undelivered`). MNS has no handshakes: a
subscription is active at once, which proves no less than a message would, since MESH takes it without asking.
"""

from careloom.model import parse_json, serialize_json
from careloom.model.errors import NotSupportedError
from careloom.notify.channels.contents import Carried
from careloom.notify.channels.mesh import Mesh
from careloom.notify.rest_hook import Outcome
from careloom.notify.signals import Signal, signal_bundle, written_cloud_event
from careloom.notify.signals.writer import SignalWriter
from careloom.notify.subscriptions import PAYLOADS, ChannelRules


class MnsMesh:
    """Sends signals to mailboxes."""

    def __init__(self, mesh: Mesh, signals: SignalWriter, *, base_url: str) -> None:
        """Prepare to send.

        Args:
            mesh: Sends messages.
            signals: Makes signals of notifications.
            base_url: Of the hub, without a slash at the end.
        """
        self._mesh = mesh
        self._signals = signals
        self._subscriptions = f"{base_url}/Subscription"

    @property
    def rules(self) -> ChannelRules:
        """What is asked of a subscription: MNS knows neither several events in one message nor heartbeats."""
        return ChannelRules(self.check, singly=PAYLOADS, has_heartbeats=False)

    def check(self, endpoint: str, client: str) -> None:
        """Judge an endpoint for a client.

        Raises:
            InvalidError: No address of a mailbox.
            ForbiddenError: Not one of the client's.
            NotSupportedError: A queue, which MNS would send to.
        """
        if endpoint.startswith("arn:"):
            form = "mesh://MAILBOX?workflow_id=WORKFLOW expected"
            raise NotSupportedError(f"endpoint {endpoint!r}: {form}, since queues are not supported")
        self._mesh.check(endpoint, client)

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once; where nothing happened there is nothing to send."""
        notification = parse_json(body)
        signal = self._signals.signal(notification)
        if signal is None:
            return Outcome("accepted")
        type = dict(headers)["Content-Type"]
        carried, name = Carried.in_bundle(notification), f"{webhook_id}.json"
        return await self._mesh.post(endpoint, self._written(signal, type), carried, file_name=name, type=type)

    def _written(self, signal: Signal, type: str) -> bytes:
        """As FHIR where that is asked for, else as a CloudEvent."""
        is_fhir = type == "application/fhir+json"
        return serialize_json(signal_bundle(signal, self._subscriptions) if is_fhir else written_cloud_event(signal))
