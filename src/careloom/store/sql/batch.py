"""What a unit of work writes, collected and then written table by table, each in the order of its key."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from careloom.model.errors import UnavailableError
from careloom.model.records import dataclass, field
from careloom.store.sql.dialect import Connection, Dialect
from careloom.store.sql.frames import NO_FRAME
from careloom.store.sql.postings import Row, Rows
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tables import POSTINGS

_SQL = load_statements("record.sql")


class TakenIdError(UnavailableError):
    """An id that nobody looked for was taken: the group is undone, and is to look when it is done again."""


@dataclass(slots=True)
class Batch:
    """Rows that wait to be written.

    Args:
        tenant: Number of the tenant.
        dialect: Appends rows.
    """

    tenant: int
    dialect: Dialect
    _versions: list[Row] = field(default_factory=list)
    _bodies: list[Row] = field(default_factory=list)
    _found: list[tuple[int, Rows]] = field(default_factory=list)
    _postings: dict[str, list[tuple[int, list[Row]]]] = field(default_factory=dict)  # made of what is found
    _heads: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    _new: set[int] = field(default_factory=set)
    _closed: list[tuple[int, int, int]] = field(default_factory=list)
    _told: list[int] = field(default_factory=list)
    _remembered: dict[tuple[str, str], int] = field(default_factory=dict)
    _forgotten_to: int | None = None

    def add_version(  # noqa: PLR0917  the columns of its row
        self, rid: int, type: int, id: str, version: tuple[int, int, int], shape: int, frame: int = NO_FRAME
    ) -> None:
        """A version (vid, ver, op), as the newest of its resource."""
        vid, ver, op = version
        self._heads[rid] = (self.tenant, rid, type, id, vid, ver, op)
        self._versions.append((self.tenant, vid, rid, type, ver, op, None, shape, frame))

    def add_new(self, rid: int) -> None:
        """That nobody has looked for a head of a resource, since there can be none."""
        self._new.add(rid)

    def close(self, vid: int, by: int) -> None:
        """End a version with the one that follows it."""
        self._closed.append((by, self.tenant, vid))

    def add_body(self, vid: int, dictionary: int, packed: bytes) -> None:
        """The content of a version."""
        self._bodies.append((vid, self.tenant, dictionary, packed))

    def add_change(self, vid: int) -> None:
        """That a version is told of."""
        self._told.append(vid)

    def add_postings(self, vid: int, found: Rows) -> None:
        """The rows that a version, or the versions of a frame, are found by."""
        self._found.append((vid, found))

    def remember(self, scope: str, keys: Collection[str], until: int, now: int) -> None:
        """Keys that are known from now on, until an instant; those whose time is over by now are let go."""
        self._remembered.update(dict.fromkeys([(scope, key) for key in keys], until))
        self._forgotten_to = now

    def remembered(self, scope: str, keys: Iterable[str], now: int) -> set[str]:
        """Those of some keys that are remembered here."""
        return {key for key in keys if self._remembered.get((scope, key), now) > now} if self._remembered else set()

    def take(self, other: "Batch") -> None:
        """Take over what another batch has collected, behind what is here."""
        self._versions += other._versions
        self._bodies += other._bodies
        self._found += other._found
        self._heads.update(other._heads)
        self._new |= other._new
        self._closed += other._closed
        self._told += other._told
        if other._remembered:
            self._remembered |= other._remembered
            self._forgotten_to = other._forgotten_to

    def write(self, connection: Connection) -> None:
        """Write what was collected and start anew."""
        told = frozenset(self._told)
        self._told.clear()
        for table, rows in self.content(told):
            self.dialect.append(connection, table, rows)
        self._write_heads(connection)
        self._write_remembered(connection)

    def content(self, told: Collection[int] = frozenset()) -> Iterator[tuple[str, list[Row]]]:
        """Give out versions, bodies and index rows by table, each in the order of its key, and keep the rest.

        What was given out is forgotten when the next is asked for; so it is not where writing it fails.

        Args:
            told: Versions that are told of at their own vid.
        """
        if versions := self._versions:
            yield "version", [(*row, 1 if row[1] in told else 0) for row in versions]
            self._versions = []
        if bodies := self._bodies:
            yield "body", bodies
            self._bodies = []
        self._sort_out()
        for table in POSTINGS:
            if found := self._postings.get(table):
                yield table, sorted(_LAYOUTS[table](self.tenant, found))
                del self._postings[table]

    def _sort_out(self) -> None:
        """Put what versions are found by under its tables."""
        for vid, found in self._found:
            for table, rows in found.items():
                self._postings.setdefault(table, []).append((vid, rows))
        self._found = []

    def write_heads(self, connection: Connection, position: Callable[[], int]) -> None:
        """Put the heads, close the versions before them, tell the changes at places of their own."""
        if self._told:
            self.dialect.append(connection, "change_log", [(self.tenant, position(), vid) for vid in self._told])
            self._told.clear()
        self._write_heads(connection)

    def _write_heads(self, connection: Connection) -> None:
        if self._new:
            self._write_new_heads(connection)
        if self._heads:
            connection.executemany(_SQL["put_head"], sorted(self._heads.values()))
            self._heads.clear()
        if self._closed:
            connection.executemany(_SQL["close_version"], self._closed)
            self._closed.clear()

    def _write_new_heads(self, connection: Connection) -> None:
        """Put the heads that nobody looked for.

        Raises:
            TakenIdError: One of them is there.
        """
        new = self._heads.keys() & self._new
        try:
            connection.executemany(_SQL["add_head"], sorted(self._heads[rid] for rid in new))
        except self.dialect.taken as error:
            raise TakenIdError("an id that was made for a resource is another's; nothing is recorded") from error
        for rid in new:
            del self._heads[rid]
        self._new.clear()

    def _write_remembered(self, connection: Connection) -> None:
        if self._remembered:
            connection.executemany(_SQL["forget_expired"], [{"tenant": self.tenant, "now": self._forgotten_to}])
            keys = sorted(self._remembered.items())
            connection.executemany(_SQL["remember"], [(self.tenant, *place, until) for place, until in keys])
            self._remembered.clear()


def laid_out(tenant: int, vid: int, found: Rows) -> dict[str, list[Row]]:
    """Rows with their tenant and vid, each with the columns of its table in order."""
    return {table: _LAYOUTS[table](tenant, [(vid, rows)]) for table, rows in found.items() if rows}


_LAYOUTS: Mapping[str, Callable[[int, list[tuple[int, list[Row]]]], list[Row]]] = {
    "tok": lambda tenant, found: [(tenant, h, vid, sys) for vid, rows in found for h, sys in rows],
    "ref": lambda tenant, found: [(tenant, target, p, vid) for vid, rows in found for target, p in rows],
    "str": lambda tenant, found: [(tenant, p, text, vid, exact) for vid, rows in found for p, text, exact in rows],
    "dat": lambda tenant, found: [(tenant, p, low, high, vid) for vid, rows in found for p, low, high in rows],
    "num": lambda tenant, found: [
        (tenant, p, low, high, vid, sys, code, unit) for vid, rows in found for p, low, high, sys, code, unit in rows
    ],
    "uri": lambda tenant, found: [(tenant, p, text, vid) for vid, rows in found for p, text in rows],
    "pair": lambda tenant, found: [(tenant, h, low, high, vid) for vid, rows in found for h, low, high in rows],
    "geo": lambda tenant, found: [(tenant, cell, vid, lat, lon) for vid, rows in found for cell, lat, lon in rows],
    "fts": lambda tenant, found: [(vid, tenant, words) for vid, rows in found for (words,) in rows],
}
"""By table, the columns of its rows put in order: from vids with their rows without tenant and vid."""
