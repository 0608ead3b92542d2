"""The writer's turn on SQLite: the rules of `careloom.store.recording` over the tables."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from careloom.model.instants import Clock
from careloom.search import Query, index_values
from careloom.store.ids import Sequence, microseconds
from careloom.store.port import Turn, Version
from careloom.store.recording import Head, RecordingTurn
from careloom.store.sqlite.names import WriterNames
from careloom.store.sqlite.postings import Postings, presence
from careloom.store.sqlite.searching import Search
from careloom.store.sqlite.tenancy import OPERATIONS, Tenancy
from careloom.store.statements import load_statements

T = TypeVar("T")

_SQL = load_statements("record.sql")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the writer keeps from turn to turn.

    Attributes:
        tenancy: The tenant.
        names: The names as the writer sees them.
        sequence: Numbers of new versions.
        clock: For the expiry of keys.
        new_id: Makes ids.
    """

    tenancy: Tenancy
    names: WriterNames
    sequence: Sequence
    clock: Clock
    new_id: Callable[[], str]


def take_turn(connection: sqlite3.Connection, desk: Desk, turn: "SqliteTurn", work: Callable[[Turn], T]) -> T:
    """Run the work within the unit that the writer has begun; whatever it raises undoes the unit."""
    desk.names.begin()
    desk.sequence.begin()
    try:
        turn.begin(connection)
        result = work(turn)
        turn.finish()
    except BaseException:
        desk.names.undo_unit()
        raise
    finally:
        turn.end()
    return result


class SqliteTurn(RecordingTurn):
    """One unit of work; nothing can be done with it before `begin` and after `end`."""

    def __init__(self, desk: Desk, cause: str) -> None:
        super().__init__(desk.sequence, desk.new_id)
        self._desk = desk
        self._tenancy = desk.tenancy
        self._cause = cause
        self._open: sqlite3.Connection | None = None
        self._tx = 0
        self._postings = Postings(desk.tenancy.number, desk.tenancy.hash_of, self._number)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Work on this connection from here on."""
        self._open = connection

    def finish(self) -> None:
        """Write what was put off."""
        self._postings.write(self._connection)

    def end(self) -> None:
        """Do nothing more."""
        self._open = None

    def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        row = self._row("read", type=self._known(type), id=id)
        return self._tenancy.version(type, row) if row else None

    def search(self, query: Query) -> list[Version]:
        """As in the port."""
        self._postings.write(self._connection)
        return Search(self._connection, self._tenancy, self._desk.names).first(query)

    def once(self, scope: str, key: str, until: datetime) -> bool:
        """As in the port."""
        self._execute("forget_expired", now=microseconds(self._desk.clock()))
        return self._execute("once", scope=scope, key=key, until=microseconds(until)).rowcount == 1

    def _head(self, type: str, id: str) -> Head | None:
        row = self._row("head", type=self._known(type), id=id)
        return Head(row[0], row[1], OPERATIONS[row[2]]) if row else None

    def _append(self, version: Version, before: Head | None) -> None:
        resource, vid = version.resource, version.sequence
        values = None if resource is None else index_values(resource, self._tenancy.parameters)
        packed = None if resource is None else self._tenancy.bodies.pack(resource)
        present = presence(self._number, values)
        key = {"type": self._number(version.type), "id": version.id, "vid": vid}
        key |= {"ver": int(version.version_id), "op": OPERATIONS.index(version.interaction)}
        if before:
            self._execute("close_version", vid=vid, closed=before.sequence)
        self._execute("put_head", **key)
        self._execute("add_version", **key, tx=self._transaction(), present=present)
        if values is not None and packed is not None:
            self._execute("add_body", vid=vid, dictionary=packed[0], bytes=packed[1])
            self._postings.add(vid, values)

    def _tell(self, version: Version, previous_version_id: str | None) -> None:
        previous = None if previous_version_id is None else int(previous_version_id)
        self._execute("add_change", vid=version.sequence, previous=previous)

    def _transaction(self) -> int:
        """The row that says who caused this unit, made with its first version."""
        if not self._tx:
            self._tx = self._sequence.last
            self._execute("add_tx", tx=self._tx, cause=self._cause)
        return self._tx

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            raise RuntimeError("a turn is over when its work returns; it cannot be used outside")
        return self._open

    def _known(self, type: str) -> int:
        return self._desk.names.find(self._connection, type)

    def _number(self, text: str) -> int:
        return self._desk.names.number(self._connection, text)

    def _row(self, name: str, **values: Any) -> Any:
        return self._execute(name, **values).fetchone()

    def _execute(self, name: str, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(_SQL[name], values | {"tenant": self._tenancy.number})
