"""What lanes, and the replays beside them, deliver with."""

from collections.abc import Callable, Mapping

from careloom.model.instants import Clock
from careloom.model.records import dataclass
from careloom.notify.desk import Desk
from careloom.notify.rest_hook import Channel
from careloom.notify.retrying import RetryPolicy
from careloom.notify.topics import TopicRegistry
from careloom.store import Repository


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """What is alike for all that is delivered by one notifier.

    Attributes:
        repository: The record.
        topics: Those in force.
        channels: How notifications are sent, by kind.
        desk: What those who deliver ask.
        retry: When to try again.
        clock: The present.
        random: A number from 0 to 1.
    """

    repository: Repository
    topics: TopicRegistry
    channels: Mapping[str, Channel]
    desk: Desk
    retry: RetryPolicy
    clock: Clock
    random: Callable[[], float]
