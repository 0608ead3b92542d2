"""An audit record told by what it does not have in common with others, see `AuditForm`."""

from collections.abc import Callable, Hashable
from datetime import datetime

from careloom.model import Resource
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class AuditForm:
    """An AuditEvent as its kind and what stands in its blanks.

    Who asked, for what sort of thing, under which rules and how it ended: that is nearly all of a record, and the same
    in thousands of them. A store that has met the kind needs no more than the blanks; for any other it is written out.

    Attributes:
        id: Its logical id.
        kind: Equal for records that differ in nothing but what follows.
        recorded: Its ``recorded``, timezone-aware.
        references: ``what.reference`` of its first entities; the others lead to nothing by a reference.
        query: ``query`` of the entity behind them; empty where there is none.
        request_id: ``what.identifier.value`` of the last entity, which says nothing else of it; empty where there is
            none.
        written_out: Gives all of it.
        alike: How many of the references follow each other in entities that say the same but for where they lead, run
            after run; empty where nothing is said of it.
    """

    id: str
    kind: Hashable
    recorded: datetime
    references: tuple[str, ...]
    query: str
    request_id: str
    written_out: Callable[[], Resource]
    alike: tuple[int, ...] = ()
