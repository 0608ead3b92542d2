"""What a subscriber of MNS asks for: ``eventType='pds-change-of-gp-2' AND patient=Patient/1``.

Names and values are parted by ``=``, conditions by `` AND ``, and a value with blanks stands in single quotes.

Source: NHS England, Multicast Notification Service, subscriptions.
"""

import re
from typing import Final

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass

EVENT_TYPE: Final = "eventType"

_AND: Final = " AND "
_CONDITION: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)=(?:'([^']+)'|([^\s']+))")
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is asked for.

    Attributes:
        event: What the events are called.
        attributes: What they must have besides, name and value, in the order of writing.
    """

    event: str
    attributes: tuple[tuple[str, str], ...] = ()


def read_criteria(text: str) -> Criteria | None:
    """The criteria in a text; None where they are of another grammar.

    Raises:
        InvalidError: They begin as these do, and are not written so.
    """
    if not text.startswith(EVENT_TYPE):
        return None
    (name, event), *attributes = _conditions(text)
    again = [each for each, _ in attributes if each == EVENT_TYPE]
    if name != EVENT_TYPE or again:
        raise InvalidError(f"{EVENT_TYPE} once and first expected, found {text[:_SHOWN]!r}")
    return Criteria(event, tuple(attributes))


def _conditions(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while True:
        condition = _CONDITION.match(text, position)
        if condition is None:
            raise InvalidError(f"NAME=VALUE or NAME='VALUE' expected, found {text[position:][:_SHOWN]!r}")
        found.append((condition[1], condition[2] or condition[3]))
        position = condition.end()
        if position == len(text):
            return found
        if not text.startswith(_AND, position):
            raise InvalidError(f"{_AND!r} or the end expected, found {text[position:][:_SHOWN]!r}")
        position += len(_AND)
