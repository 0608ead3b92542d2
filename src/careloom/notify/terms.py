"""The terms on which is told: where may be sent to, when again, how much at a time, and how long events are kept."""

from collections.abc import Mapping
from datetime import timedelta

from careloom.model.records import dataclass, field
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.fairness import OF_HOST, OF_OWNER
from careloom.notify.retrying import RetryPolicy
from careloom.notify.subscriptions import ChannelRules


@dataclass(frozen=True, slots=True)
class Retention:
    """How long events are kept after they are told, and how many of one subscription at most."""

    age: timedelta = timedelta(days=30)
    most: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules that a notifier keeps, whatever it tells; those who run the hub set them.

    Attributes:
        endpoints: Where may be sent to.
        retry: When to try again.
        retention: How long events are kept.
        rules: What kinds of channel ask of a subscription, where that is not what is usual.
        of_owner: Notifications on their way at a time for one client.
        of_host: Notifications on their way at a time to one host.
    """

    endpoints: EndpointPolicy = EndpointPolicy()
    retry: RetryPolicy = RetryPolicy()
    retention: Retention = Retention()
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)
    of_owner: int = OF_OWNER
    of_host: int = OF_HOST
