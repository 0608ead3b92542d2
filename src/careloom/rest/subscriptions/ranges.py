"""Ranges of event numbers in requests. Numbers are text in R4, and may be larger than its integers."""

from typing import Final

from careloom.model.errors import DeletedError, MalformedError
from careloom.model.parameters import Inputs
from careloom.model.records import dataclass
from careloom.rest.operation import Parameter
from careloom.store import EventLog

SINCE: Final = "eventsSinceNumber"
UNTIL: Final = "eventsUntilNumber"
RANGE: Final = (
    Parameter(SINCE, "string", about="number of the first event, included; the oldest that is held without one"),
    Parameter(UNTIL, "string", about="number of the last event, included; the newest without one"),
)

_LONGEST: Final = 18


@dataclass(frozen=True, slots=True)
class EventRange:
    """Numbers from first to last, both included; empty where last is smaller."""

    first: int
    last: int


async def asked_range(given: Inputs, subscription: str, log: EventLog) -> EventRange:
    """The events that are asked for, as far as there are any.

    Raises:
        MalformedError: Not a range of numbers.
        DeletedError: It begins with events that are not held any more; the message names the oldest that is.
    """
    since, until = _number(given, SINCE), _number(given, UNTIL)
    if since is not None and until is not None and until < since:
        raise MalformedError(f"{UNTIL}: a number from {since} expected, found {until}", expression=UNTIL)
    oldest, newest = await log.first_number(subscription), await log.last_number(subscription)
    if since is not None and 0 < since < oldest:
        raise DeletedError(f"{SINCE}: range no longer held; the oldest event that is held is {oldest}")
    return EventRange(max(since or 0, oldest), newest if until is None else min(until, newest))


def _number(given: Inputs, name: str) -> int | None:
    if not given.has(name):
        return None
    text = str(given.value(name))
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST):
        raise MalformedError(f"{name}: the number of an event expected, found {text[:40]!r}", expression=name)
    return int(text)
