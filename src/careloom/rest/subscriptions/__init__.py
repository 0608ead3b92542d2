"""Operations on subscriptions: the Backport guide's, and those by which what was missed is told again."""

from careloom.rest.operation import Operation
from careloom.rest.subscriptions.binding import BINDING
from careloom.rest.subscriptions.dead_letters import DEAD_LETTERS
from careloom.rest.subscriptions.delivery import DELIVERY
from careloom.rest.subscriptions.disclosures import DISCLOSURES
from careloom.rest.subscriptions.events import EVENTS
from careloom.rest.subscriptions.replay import REPLAY
from careloom.rest.subscriptions.status import STATUS
from careloom.rest.subscriptions.topics import TOPICS

OPERATIONS: tuple[Operation, ...] = (
    STATUS,
    EVENTS,
    BINDING,
    REPLAY,
    DEAD_LETTERS,
    DELIVERY,
    TOPICS,
    DISCLOSURES,
)

__all__ = ["OPERATIONS"]
