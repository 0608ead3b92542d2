"""Notifications as CloudEvents, for subscriptions that ask for them: each event one, handshakes and heartbeats too.

What goes out follows from the notification alone, so a retry has the same bytes, and it is these that are signed.

Source: CloudEvents 1.0.2, JSON format, HTTP protocol binding, extension ``sequence``.
"""

from careloom.model import parse_json, serialize_json
from careloom.model.records import replace
from careloom.notify.rest_hook import Channel, Outcome
from careloom.notify.signals import STRUCTURED
from careloom.notify.signals.writer import SignalWriter
from careloom.notify.subscriptions import ChannelRules


def also_in_cloud_events(rules: ChannelRules) -> ChannelRules:
    """What is asked of a subscription by a kind of channel that `InCloudEvents` stands before."""
    return replace(rules, payloads=(*rules.payloads, STRUCTURED), singly=(STRUCTURED,))


class InCloudEvents:
    """A channel that sends CloudEvents where the subscription asks for them."""

    def __init__(self, channel: Channel, signals: SignalWriter) -> None:
        """Put CloudEvents before a channel.

        Args:
            channel: Sends.
            signals: Makes signals of notifications.
        """
        self._channel = channel
        self._signals = signals

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once."""
        if dict(headers).get("Content-Type") == STRUCTURED:
            body = serialize_json(self._signals.cloud_event(parse_json(body)))
        return await self._channel.send(endpoint, body, webhook_id=webhook_id, secret=secret, headers=headers)
