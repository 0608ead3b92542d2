"""What everybody who answers questions about subscriptions needs of notify, whether this process notifies or not."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from careloom.notify.contents import Contents
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.notification import Told
from careloom.notify.subscriptions import CHANNELS, Subscription
from careloom.notify.topics import TopicRegistry


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """The topics in force, what may be told, and where.

    Attributes:
        topics: Those in force.
        contents: What may be said of events.
        disclosed: Puts on record who was told of what.
        endpoints: Where may be sent to.
        channels: Kinds of channel that are offered.
        websocket_url: Where websockets are opened.
    """

    topics: TopicRegistry
    contents: Contents
    disclosed: Callable[[Subscription, Sequence[Told]], Awaitable[None]]
    endpoints: EndpointPolicy
    channels: Collection[str] = CHANNELS
    websocket_url: str = ""
