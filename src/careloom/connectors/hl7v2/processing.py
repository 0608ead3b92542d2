"""What a message is meant for, MSH-11: care, training, or the search for faults.

A message of a training that is taken for one of care puts a patient on record who does not exist, or moves one who has
not moved. So only messages of care are taken, unless the settings say that a port is for others.
"""

from collections.abc import Collection
from typing import Final

from careloom.connectors.hl7v2.message import Message
from careloom.model.errors import NotSupportedError

PRODUCTION: Final = "P"
PROCESSING_IDS: Final = {PRODUCTION: "production", "T": "training", "D": "debugging"}
"""Table 0103, with what they mean."""


class ProcessingIdError(NotSupportedError):
    """A message is meant for something that is not done here."""


def require_processing(message: Message, taken: Collection[str]) -> None:
    """See that a message is meant for what is done here; one that says nothing is meant for care.

    Raises:
        ProcessingIdError: It is meant for something else.
    """
    found = message.header.value(11).component(1).strip() or PRODUCTION
    if found not in taken:
        known = " or ".join(f"{each} ({PROCESSING_IDS[each]})" for each in PROCESSING_IDS if each in taken)
        raise ProcessingIdError(f"MSH-11: {known} expected at this port, {found[:20]!r} found")
