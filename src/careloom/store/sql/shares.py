"""What elements of a resource add to its index rows, and what all of them come to."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from careloom.model.records import dataclass
from careloom.store.sql.frames import Common, Frame
from careloom.store.sql.tables import Row, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What one element adds; each is itself alone, so that it can be looked up by.

    Attributes:
        rows: Tables with rows.
        words: For full text.
        atoms: Of the shape.
        common: For the frame.
        like: Stands for all that differ in rows of their own alone; None where it is like no other.
        own: Of the rows, or of the words, one to a row, those that it does not have in common with these.
    """

    rows: tuple[tuple[str, list[Row]], ...]
    words: Mapping[str, None]
    atoms: frozenset[str]
    common: Common = ()
    like: Any = None
    own: tuple[tuple[str, list[Row]], ...] = ()

    def without_own(self) -> "Share":
        """What it has in common with those that it is like."""
        tables = {table for table, _ in self.own}
        rows = tuple(each for each in self.rows if each[0] not in tables)
        return Share(rows, {} if "fts" in tables else self.words, self.atoms, self.common)


@dataclass(frozen=True, slots=True)
class Found:
    """What a version is found by.

    Attributes:
        rows: Of its own.
        shape: Text of its shape.
        frame: What it shares with others; None for nothing.
    """

    rows: Rows
    shape: str
    frame: Frame | None = None

    @property
    def whole(self) -> Rows:
        """All rows, for a version that shares none."""
        if self.frame is None:
            return self.rows
        together = dict(self.rows)
        for table, rows in self.frame.rows.items():
            together[table] = [*together.get(table, ()), *rows]
        if len(together.get("fts", ())) > 1:
            words = {word: None for (text,) in together["fts"] for word in text.split(" ")}
            together["fts"] = [(" ".join(words),)]
        return together


atoms_of = attrgetter("atoms")
"""Gives the atoms of a share."""


def joined(shares: list[Share]) -> Share:
    """What several elements add."""
    words: dict[str, None] = {}
    for share in shares:
        words.update(share.words)
    common = tuple({row: None for share in shares for row in share.common})
    rows, atoms = _rows(shares), frozenset[str]().union(*map(atoms_of, shares))
    like = tuple([share.like for share in shares])
    if None in like:
        return Share(tuple(rows.items()), words, atoms, common)
    tables = {table: None for share in shares for table, _ in share.own}
    own = tuple([(table, [(word,) for word in words] if table == "fts" else rows[table]) for table in tables])
    return Share(tuple(rows.items()), words, atoms, common, like, own)


def united(shares: list[Share]) -> dict[str, list[Row]]:
    """The rows of a version's own, from the shares of all its elements."""
    rows = _rows(shares)
    words: dict[str, None] = {}
    for share in shares:
        if share.words:
            words.update(share.words)
    if words:
        rows["fts"] = [(" ".join(words),)]
    return rows


def _rows(shares: list[Share]) -> dict[str, list[Row]]:
    """The rows of all shares, none of them twice."""
    rows: dict[str, list[Row]] = {}
    joined_up: set[str] = set()  # tables whose list is none of a share
    for share in shares:
        for table, found in share.rows:
            if table in joined_up:
                rows[table] += found
            elif table in rows:
                rows[table] = rows[table] + found
                joined_up.add(table)
            else:
                rows[table] = found
    if not joined_up:
        return rows
    return {table: found if len(found) == 1 else list(dict.fromkeys(found)) for table, found in rows.items()}
