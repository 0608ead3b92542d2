"""Ways to hand a notification to a subscriber, beside rest-hook and websocket: each a file, by its kind."""

from careloom.model.records import dataclass, field
from careloom.notify.rest_hook import Channel
from careloom.notify.subscriptions import ChannelRules


@dataclass(slots=True)
class Outlets:
    """The channels that a hub has, and what they ask of a subscription; an endpoint is an http address unless said.

    Attributes:
        channels: By kind, how notifications are sent.
        rules: By kind, what is asked of a subscription, where that is not what is usual.
    """

    channels: dict[str, Channel] = field(default_factory=dict)
    rules: dict[str, ChannelRules] = field(default_factory=dict)

    def add(self, kind: str, channel: Channel, rules: ChannelRules | None = None) -> None:
        """Offer a kind of channel."""
        self.channels[kind] = channel
        if rules is not None:
            self.rules[kind] = rules
