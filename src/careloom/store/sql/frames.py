"""What many versions are found by alike, kept once: frames.

Each request leaves an audit record, and a client that reads a thousand resources leaves a thousand that say the same of
who asked, what kind of thing was done and where it was recorded. So what such records are found by alike lies in the
postings once, under the number of a frame in the place of a vid, and ``version.frame`` says of which frame a version
is. A version is found by the rows under its vid and by those under its frame.

A frame is told by the rows that it has, and its number is that of its name among the names: who finds the name finds
the rows, since both are written by one unit. The numbers of names are far below any vid.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from careloom.model.records import dataclass
from careloom.store.sql.tables import Row, Rows

NO_FRAME: Final = 0
"""In ``version.frame``: all rows of the version are its own."""

FRAMED: Final[Mapping[str, frozenset[str]]] = {
    "AuditEvent": frozenset(
        {
            "action",
            "address",
            "agent",
            "agent-name",
            "agent-role",
            "altid",
            "entity-role",
            "entity-type",
            "outcome",
            "site",
            "source",
            "subtype",
            "type",
        }
    )
}
"""By type, the parameters whose values come again and again in the same company. References are none."""

_NONE: Final[frozenset[str]] = frozenset()

Common = tuple[tuple[str, Row], ...]
"""Rows of a frame with their tables."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What some versions are found by alike.

    Attributes:
        name: Among the names of the tenant.
        rows: The rows.
    """

    name: str
    rows: Rows


def framed(type: str) -> frozenset[str]:
    """Codes of the parameters of a type whose rows may lie in frames."""
    return FRAMED.get(type, _NONE)


def is_framed(type: str, key: str) -> bool:
    """Whether rows of a key, a code or a side of one, may lie in frames."""
    return key.partition(":")[0] in FRAMED.get(type, _NONE)


def frame_of(shares: Iterable[Common]) -> Frame | None:
    """The frame of what several elements add to it; None where that is nothing."""
    found = tuple({row: None for share in shares for row in share})
    return _frame(found) if found else None


@lru_cache(maxsize=1_000)
def _frame(common: Common) -> Frame:
    ordered = sorted(common, key=repr)
    rows: dict[str, list[Row]] = {}
    for table, row in ordered:
        rows.setdefault(table, []).append(row)
    if "fts" in rows:
        rows["fts"] = [(" ".join(word for (word,) in rows["fts"]),)]
    return Frame(f"{PREFIX}{blake2b(repr(ordered).encode(), digest_size=16).hexdigest()}", rows)


PREFIX: Final = "frame "
"""What the names of frames begin with, and no other name does."""

AFTER: Final = "frame!"
"""The first text behind all that begin so."""
