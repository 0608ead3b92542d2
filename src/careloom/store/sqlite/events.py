"""What notify keeps, in the file and by the writer of the record."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from typing import Any

from careloom.store.events import Attempt, Cursor, Lane, Match, Recovery, SubscriptionEvent
from careloom.store.ids import microseconds, moment_of
from careloom.store.sqlite.readers import Readers
from careloom.store.sqlite.tenancy import Row
from careloom.store.sqlite.writer import Writer
from careloom.store.statements import load_statements

_SQL = load_statements("events.sql")


class SqliteEventLog:
    """A `careloom.store.events.EventLog` on SQLite."""

    def __init__(self, tenant: int, readers: Readers, writer: Writer) -> None:
        self._tenant = tenant
        self._readers = readers
        self._writer = writer

    async def recover(self) -> Recovery:
        """As in the port."""
        return await self._readers.aside(self._recovery)

    async def matched_to(self) -> int:
        """As in the port."""
        return self._readers.here(self._matched_to)

    async def record_matches(self, matched_to: int, matches: Sequence[Match]) -> list[SubscriptionEvent]:
        """As in the port."""

        def record(connection: sqlite3.Connection) -> list[SubscriptionEvent]:
            connection.execute(_SQL["move_matched"], {"tenant": self._tenant, "vid": matched_to})
            numbered = [(match, self._add_event(connection, match)) for match in matches]
            return [_event_of(match, number) for match, number in numbered if number]

        return await self._writer.run(record)

    async def pending(self, subscription: str, limit: int) -> list[SubscriptionEvent]:
        """As in the port."""
        return [_event(row) for row in self._rows("pending", subscription=subscription, limit=limit)]

    async def events(self, subscription: str, first: int, last: int) -> list[SubscriptionEvent]:
        """As in the port."""
        return [_event(row) for row in self._rows("events", subscription=subscription, first=first, last=last)]

    async def last_number(self, subscription: str) -> int:
        """As in the port."""
        [(number,)] = self._rows("last_number", subscription=subscription)
        return int(number)

    async def cursor(self, subscription: str) -> Cursor:
        """As in the port."""
        rows = self._rows("cursor", subscription=subscription)
        return _cursor(rows[0]) if rows else Cursor(subscription)

    async def all_cursors(self) -> list[Cursor]:
        """As in the port."""
        return [_cursor(row) for row in self._rows("cursors")]

    async def save_cursor(self, cursor: Cursor) -> None:
        """As in the port."""
        await self._writer.run(lambda connection: self._save_cursor(connection, cursor))

    async def record_attempt(self, attempt: Attempt, cursor: Cursor | None = None) -> None:
        """As in the port."""

        def record(connection: sqlite3.Connection) -> None:
            connection.execute(_SQL["add_attempt"], self._values(attempt))
            if cursor:
                self._save_cursor(connection, cursor)

        await self._writer.run(record)

    async def attempts(self, subscription: str, limit: int) -> list[Attempt]:
        """As in the port."""
        return [_attempt(row) for row in self._rows("attempts", subscription=subscription, limit=limit)]

    def _recovery(self, connection: sqlite3.Connection) -> Recovery:
        key = {"tenant": self._tenant}
        cursors = {row[0]: _cursor(row) for row in connection.execute(_SQL["cursors"], key)}
        numbers = dict(connection.execute(_SQL["newest_numbers"], key))
        lanes = [Lane(cursors.get(each, Cursor(each)), numbers.get(each, 0)) for each in sorted({*cursors, *numbers})]
        return Recovery(self._matched_to(connection), tuple(lanes))

    def _matched_to(self, connection: sqlite3.Connection) -> int:
        row = connection.execute(_SQL["matched_to"], {"tenant": self._tenant}).fetchone()
        return int(row[0]) if row else 0

    def _add_event(self, connection: sqlite3.Connection, match: Match) -> int:
        """The event's number; 0 where this change is recorded already."""
        row = connection.execute(_SQL["add_event"], self._values(match)).fetchone()
        return int(row[0]) if row else 0

    def _save_cursor(self, connection: sqlite3.Connection, cursor: Cursor) -> None:
        connection.execute(_SQL["save_cursor"], self._values(cursor))

    def _rows(self, name: str, **values: Any) -> list[Row]:
        key = {"tenant": self._tenant, **values}
        return self._readers.here(lambda connection: connection.execute(_SQL[name], key).fetchall())

    def _values(self, row: Match | Cursor | Attempt) -> dict[str, Any]:
        """The attributes as columns, instants as microseconds."""
        return {"tenant": self._tenant} | {name: _column(each) for name, each in asdict(row).items()}


def _event(row: Row) -> SubscriptionEvent:
    subscription, number, vid, topic, focus, version_id, recorded = row
    return SubscriptionEvent(subscription, number, vid, topic, focus, version_id, moment_of(recorded))


def _event_of(match: Match, number: int) -> SubscriptionEvent:
    subscription, *rest = astuple(match)
    return SubscriptionEvent(subscription, number, *rest)


def _cursor(row: Row) -> Cursor:
    subscription, delivered_to, first, last, attempt, next_at, status, failing_since, last_sent, error = row
    moments = _moment(failing_since), _moment(last_sent)
    return Cursor(subscription, delivered_to, first, last, attempt, _moment(next_at), status, *moments, error)


def _attempt(row: Row) -> Attempt:
    subscription, first, last, attempt, started, *rest = row
    return Attempt(subscription, first, last, attempt, moment_of(started), *rest)


def _column(value: Any) -> Any:
    return microseconds(value) if isinstance(value, datetime) else value


def _moment(microseconds_since_1970: int | None) -> datetime | None:
    return None if microseconds_since_1970 is None else moment_of(microseconds_since_1970)
