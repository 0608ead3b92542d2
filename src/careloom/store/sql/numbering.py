"""Matches get the next numbers of their subscriptions, and are events from then on."""

from collections.abc import Iterable, Iterator, Sequence

from careloom.store.events import Match, SubscriptionEvent
from careloom.store.ids import microseconds
from careloom.store.sql.dialect import Connection, Dialect
from careloom.store.sql.statements import load_statements

_SQL = load_statements("events.sql")


def record_numbered(
    connection: Connection, dialect: Dialect, tenant: int, matches: Sequence[Match]
) -> list[SubscriptionEvent]:
    """Number the matches that are not recorded yet, and record them.

    Args:
        connection: In a transaction, one of which there is at a time.
        dialect: The database.
        tenant: Number of the tenant.
        matches: In the order of their changes.
    """
    events = list(_Numbering(connection, dialect, tenant, matches).numbered())
    rows = [(tenant, *_row(event)) for event in events]
    connection.executemany(_SQL["add_event"], rows)
    return events


class _Numbering:
    """Gives matches the next numbers of their subscriptions, within one transaction."""

    def __init__(self, connection: Connection, dialect: Dialect, tenant: int, matches: Sequence[Match]) -> None:
        self._connection = connection
        self._dialect = dialect
        self._tenant = tenant
        self._matches = matches
        self._newest = dict(self._read_newest({match.subscription: None for match in matches}))

    def numbered(self) -> Iterator[SubscriptionEvent]:
        """The events that are not recorded yet, to be recorded now.

        Changes come in their order, so only one that is not behind the newest event may be recorded already.
        """
        given: set[tuple[str, int]] = set()
        for match in self._matches:
            number, sequence = self._newest.get(match.subscription, (0, 0))
            key = match.subscription, match.sequence
            if match.sequence <= sequence and (key in given or self._is_recorded(match)):
                continue
            given.add(key)
            self._newest[match.subscription] = number + 1, max(sequence, match.sequence)
            yield _event_of(match, number + 1)

    def _read_newest(self, subscriptions: Iterable[str]) -> Iterator[tuple[str, tuple[int, int]]]:
        """Number and change of the newest event of each that has one."""
        twice = (self._tenant, self._tenant)
        found = self._dialect.about(self._connection, _SQL["newest_events"], (), list(subscriptions), twice)
        for subscription, number, sequence in found:
            if number is not None:
                yield subscription, (number, sequence)

    def _is_recorded(self, match: Match) -> bool:
        key = {"tenant": self._tenant, "subscription": match.subscription, "sequence": match.sequence}
        return bool(self._connection.execute(_SQL["has_event"], key).fetchone()[0])


def _event_of(match: Match, number: int) -> SubscriptionEvent:
    return SubscriptionEvent(
        match.subscription,
        number,
        match.sequence,
        match.topic,
        match.focus,
        match.version_id,
        match.recorded,
        match.patient,
        match.interaction,
    )


def _row(event: SubscriptionEvent) -> tuple[object, ...]:
    """An event as the columns of its table, but for the tenant."""
    return (
        event.subscription,
        event.number,
        event.sequence,
        event.topic,
        event.focus,
        event.version_id,
        microseconds(event.recorded),
        event.patient,
        event.interaction,
    )
