"""What lanes, and the replays beside them, deliver with: the same for all that one notifier delivers."""

from collections.abc import Callable, Mapping

from careloom.model.instants import Clock
from careloom.model.records import dataclass
from careloom.notify.desk import Desk
from careloom.notify.rest_hook import Channel
from careloom.notify.retrying import RetryPolicy


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """How a notifier delivers.

    Attributes:
        channels: How notifications are sent, by kind.
        desk: The notifier, as far as those who deliver ask something of it.
        retry: When to try again.
        clock: The present.
        random: A number from 0 to 1.
    """

    channels: Mapping[str, Channel]
    desk: Desk
    retry: RetryPolicy
    clock: Clock
    random: Callable[[], float]
