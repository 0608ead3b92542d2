"""What everybody who answers questions about subscriptions needs of notify, whether this process notifies or not."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from careloom.model.records import dataclass, field
from careloom.notify.contents import Contents
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.metrics import NotifyMetrics
from careloom.notify.notification import Told
from careloom.notify.replays import MOST_OPEN
from careloom.notify.subscriptions import CHANNELS, ChannelRules, Subscription
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
        rules: What kinds of channel ask of a subscription, where that is not what is usual.
        websocket_url: Where websockets are opened.
        most_replays: How many of one client may be open at a time.
        metrics: What is counted of telling.
        is_on_duty: Whether this process notifies at present.
        is_shared: Whether several processes may share the work, so that what this one counts is a part of it.
    """

    topics: TopicRegistry
    contents: Contents
    disclosed: Callable[[Subscription, Sequence[Told]], Awaitable[None]]
    endpoints: EndpointPolicy
    channels: Collection[str] = CHANNELS
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)
    websocket_url: str = ""
    most_replays: int = MOST_OPEN
    metrics: NotifyMetrics = field(default_factory=NotifyMetrics)
    is_on_duty: Callable[[], bool] = lambda: False
    is_shared: bool = False
