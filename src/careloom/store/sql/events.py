"""What notify keeps, in tables beside the record and by the writer of the record."""

import copy
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from operator import attrgetter
from sys import intern
from typing import Any, Protocol, TypeVar

from careloom.store.events import (
    Attempt,
    Cursor,
    DeadLetter,
    LaneStart,
    Match,
    Recovery,
    Replay,
    SubscriptionEvent,
)
from careloom.store.ids import microseconds, moment_of
from careloom.store.leases import Lease
from careloom.store.sql.dialect import Connection, Dialect, Row
from careloom.store.sql.leases import RunUnit, SqlLeases
from careloom.store.sql.numbering import record_numbered
from careloom.store.sql.statements import load_statements

T = TypeVar("T")

_SHAPES = {
    kind: (kind.__slots__, attrgetter(*kind.__slots__), instants)
    for kind, instants in (
        (Cursor, ("next_at", "failing_since", "last_sent")),
        (Attempt, ("started",)),
        (DeadLetter, ("recorded",)),
        (Replay, ("recorded",)),
    )
}
"""What rows are made of: names, what reads all of them, and which of them are instants."""

_SQL = load_statements("events.sql")

_LIGHT = 64
"""Rows that are written in a moment."""


class Run(Protocol):
    """Runs work on a connection of a certain kind."""

    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]:
        """What the work returns."""
        ...


class SqlEventLog(SqlLeases):
    """A `careloom.store.events.EventLog` in an SQL database.

    Args:
        tenant: Number of the tenant.
        dialect: The database.
        read: Runs a reading of one statement.
        read_at_once: Runs a reading whose statements all see one snapshot.
        write: Runs a unit of the writer.
        now: The time by the clock of the store.
        announce: As `write`, and has other processes know that there are new events, where there are others.
    """

    def __init__(
        self,
        tenant: int,
        dialect: Dialect,
        *,
        read: Run,
        read_at_once: Run,
        write: RunUnit,
        now: Callable[[Connection], datetime],
        announce: RunUnit | None = None,
    ) -> None:
        super().__init__(tenant, write=write, now=now)
        self._dialect = dialect
        self._read = read
        self._read_at_once = read_at_once
        self._announce = announce or write

    def under(self, lease: Lease) -> "SqlEventLog":
        """As in the port."""
        fenced = copy.copy(self)
        fenced._write = self._fenced(self._write, lease)
        fenced._announce = self._fenced(self._announce, lease)
        return fenced

    async def recover(self) -> Recovery:
        """As in the port."""
        return await self._read_at_once(self._recovery)

    async def matched_to(self) -> int:
        """As in the port."""
        return await self._read(self._matched_to)

    async def record_matches(self, matched_to: int, matches: Sequence[Match]) -> list[SubscriptionEvent]:
        """As in the port."""

        def record(connection: Connection) -> list[SubscriptionEvent]:
            connection.execute(_SQL["move_matched"], {"tenant": self._tenant, "vid": matched_to})
            return record_numbered(connection, self._dialect, self._tenant, matches)

        write = self._announce if matches else self._write
        return await write(record, is_light=len(matches) <= _LIGHT)

    async def pending(self, subscription: str, limit: int) -> list[SubscriptionEvent]:
        """As in the port."""
        return [_event(row) for row in await self._rows("pending", subscription=subscription, limit=limit)]

    async def events(self, subscription: str, first: int, last: int) -> list[SubscriptionEvent]:
        """As in the port."""
        return [_event(row) for row in await self._rows("events", subscription=subscription, first=first, last=last)]

    async def last_number(self, subscription: str) -> int:
        """As in the port."""
        [(number,)] = await self._rows("last_number", subscription=subscription)
        return int(number)

    async def newest_after(self, sequence: int) -> tuple[int, dict[str, int]]:
        """As in the port."""
        rows = await self._rows("newest_after", vid=sequence)
        return max((row[2] for row in rows), default=sequence), {row[0]: int(row[1]) for row in rows}

    async def first_number(self, subscription: str) -> int:
        """As in the port."""
        [(number,)] = await self._rows("first_number", subscription=subscription)
        return int(number)

    async def prune(self, subscription: str, before: datetime, most: int) -> int:
        """As in the port."""
        key = {"tenant": self._tenant, "subscription": subscription, "before": microseconds(before)}

        def prune(connection: Connection) -> int:
            numbers = ("first_number", "last_number", "newest_before")
            first, last, old = (int((connection.execute(_SQL[name], key).fetchone() or (0,))[0]) for name in numbers)
            to = min(max(old, last - most), last - 1)
            for name in ("prune_events", "prune_dead_letters", "prune_attempts"):
                connection.execute(_SQL[name], {**key, "to": to})
            return max(0, to - first + 1)

        return await self._write(prune)

    async def prune_replays(self, before: datetime) -> None:
        """As in the port."""
        key = {"tenant": self._tenant, "before": microseconds(before)}
        await self._write(lambda connection: connection.execute(_SQL["prune_replays"], key))

    async def cursor(self, subscription: str) -> Cursor:
        """As in the port."""
        rows = await self._rows("cursor", subscription=subscription)
        return _cursor(rows[0]) if rows else Cursor(subscription)

    async def save_cursor(self, cursor: Cursor) -> None:
        """As in the port."""
        await self._write(lambda connection: self._save_cursor(connection, cursor), is_light=True)

    async def record_attempt(
        self, attempt: Attempt, cursor: Cursor | None = None, dead: Sequence[DeadLetter] = ()
    ) -> None:
        """As in the port."""
        await self.record_attempts([attempt], cursor, dead)

    async def record_attempts(
        self, attempts: Sequence[Attempt], cursor: Cursor | None = None, dead: Sequence[DeadLetter] = ()
    ) -> None:
        """As in the port."""

        def record(connection: Connection) -> None:
            connection.executemany(_SQL["add_attempt"], [self._values(each) for each in attempts])
            connection.executemany(_SQL["add_dead_letter"], [self._values(each) for each in dead])
            connection.executemany(_SQL["save_cursor"], [self._values(each) for each in (cursor,) if each])

        await self._write(record, is_light=len(attempts) + len(dead) <= _LIGHT)

    async def dead_letters(self, subscription: str, first: int = 1, last: int = 2**62) -> list[DeadLetter]:
        """As in the port."""
        rows = await self._rows("dead_letters", subscription=subscription, first=first, last=last)
        return [DeadLetter(subscription, number, reason, moment_of(at)) for subscription, number, reason, at in rows]

    async def save_replay(self, replay: Replay) -> None:
        """As in the port."""
        await self._write(lambda connection: connection.execute(_SQL["save_replay"], self._values(replay)))

    async def open_replays(self) -> list[Replay]:
        """As in the port."""
        return [_replay(row) for row in await self._rows("open_replays")]

    async def replays(self, subscription: str) -> list[Replay]:
        """As in the port."""
        return [_replay(row) for row in await self._rows("replays", subscription=subscription)]

    async def attempts(self, subscription: str, limit: int) -> list[Attempt]:
        """As in the port."""
        return [_attempt(row) for row in await self._rows("attempts", subscription=subscription, limit=limit)]

    def _recovery(self, connection: Connection) -> Recovery:
        key = {"tenant": self._tenant}
        cursors = {row[0]: _cursor(row) for row in connection.execute(_SQL["cursors"], key).fetchall()}
        numbers = dict(connection.execute(_SQL["newest_numbers"], key).fetchall())
        known = sorted({*cursors, *numbers})
        lanes = tuple(LaneStart(cursors.get(each, Cursor(each)), numbers.get(each, 0)) for each in known)
        return Recovery(self._matched_to(connection), lanes)

    def _matched_to(self, connection: Connection) -> int:
        row = connection.execute(_SQL["matched_to"], {"tenant": self._tenant}).fetchone()
        return int(row[0]) if row else 0

    def _save_cursor(self, connection: Connection, cursor: Cursor) -> None:
        connection.execute(_SQL["save_cursor"], self._values(cursor))

    async def _rows(self, name: str, **values: Any) -> list[Row]:
        key = {"tenant": self._tenant, **values}
        return await self._read(lambda connection: connection.execute(_SQL[name], key).fetchall())

    def _values(self, row: Cursor | Attempt | DeadLetter | Replay) -> dict[str, Any]:
        """The attributes as columns, instants as microseconds."""
        names, columns, instants = _SHAPES[type(row)]
        values = dict(zip(names, columns(row), strict=True))
        for name in instants:
            values[name] = _instant(values[name])
        values["tenant"] = self._tenant
        return values


def _event(row: Row) -> SubscriptionEvent:
    subscription, number, vid, topic, focus, version_id, recorded, patient, interaction = row
    moment = moment_of(recorded)
    return SubscriptionEvent(
        intern(subscription), number, vid, intern(topic), focus, version_id, moment, patient, intern(interaction)
    )


def _cursor(row: Row) -> Cursor:
    subscription, delivered_to, first, last, attempt, next_at, status, failing_since, last_sent, error = row
    moments = _moment(failing_since), _moment(last_sent)
    return Cursor(subscription, delivered_to, first, last, attempt, _moment(next_at), status, *moments, error)


def _attempt(row: Row) -> Attempt:
    subscription, first, last, attempt, started, *rest = row
    return Attempt(subscription, first, last, attempt, moment_of(started), *rest)


def _replay(row: Row) -> Replay:
    id, subscription, first, last, endpoint, requested_by, recorded, *rest = row
    return Replay(id, subscription, first, last, endpoint, requested_by, moment_of(recorded), *rest)


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _moment(microseconds_since_1970: int | None) -> datetime | None:
    return None if microseconds_since_1970 is None else moment_of(microseconds_since_1970)
