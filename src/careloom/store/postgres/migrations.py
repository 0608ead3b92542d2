"""The schema of a PostgreSQL database, brought up to date by the steps of `careloom.store.sql.schema`.

Several processes may be started at once on an empty database, so the steps are taken under a lock of the server. A step
is one transaction: PostgreSQL undoes changes of the schema like any other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from careloom.model.errors import InvalidError, NotSupportedError
from careloom.model.instants import Clock
from careloom.model.records import replace
from careloom.search import SearchParameters
from careloom.store.postgres.connection import Connection
from careloom.store.postgres.dialect import POSTGRES, append_rows
from careloom.store.sql import dialect
from careloom.store.sql.renewing import renew
from careloom.store.sql.schema import Migration, enter, migrations, missing, taken

__all__ = ["alone", "applied", "check_server", "migrate", "migrations"]

Then = Callable[[Connection], None]
"""What is done in the transaction of a step behind its script."""

NARROW = 3
"""The step of the schema that has fewer rows for each version."""

OLDEST = 15
"""The oldest major version of PostgreSQL that is supported."""

_LOCK = 0x434C4F4D_4D494752
"""Of the advisory lock: the letters CLOMMIGR."""

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"


def migrate(
    connection: Connection,
    place: str,
    clock: Clock,
    steps: Iterable[Migration],
    then: Mapping[int, Then] = MappingProxyType({}),
) -> None:
    """Apply the steps that are missing, each in a transaction of its own.

    Args:
        connection: To the database.
        place: The database, for messages.
        clock: Tells when.
        steps: All there are.
        then: By the number of a step, what its script leaves to be done.

    Raises:
        InvalidError: Not our database, or one of another release, or one that cannot hold every text.
        NotSupportedError: The server is too old.
    """
    check_server(connection, place)
    with alone(connection):
        for step in missing(steps, applied(connection, place), place):
            _apply(connection, step, clock, then.get(step.number))


def check_server(connection: Connection, place: str) -> None:
    """See that the server and the database can hold a record.

    Raises:
        InvalidError: The database does not keep texts as UTF-8.
        NotSupportedError: The server is too old.
    """
    found = connection.raw.info.server_version // 10_000
    if found < OLDEST:
        raise NotSupportedError(f"{place}: PostgreSQL {OLDEST} or newer expected, found {found}")
    (encoding,) = connection.execute("SHOW server_encoding").fetchone() or ("",)
    if encoding != "UTF8":
        raise InvalidError(f"{place}: a database with encoding UTF8 expected, found {encoding}")


def applied(connection: Connection, place: str) -> dict[int, str]:
    """Number to checksum of the steps already taken; none in a database that is still empty.

    Raises:
        InvalidError: The database is another program's.
    """
    tables = {name for (name,) in connection.execute(_TABLES)}
    if not tables:
        return {}
    if not {"migration", "tenant", "version"} <= tables:
        raise InvalidError(f"{place}: an empty database or one of Careloom expected, found one of another program")
    return taken(connection)


def steps(parameters: SearchParameters) -> Mapping[int, Then]:
    """By number of a schema step, what is done behind its script."""
    return {NARROW: lambda connection: renew(connection, _NARROW, parameters, _forget_words)}


_NARROW = replace(POSTGRES, append=append_rows)
"""As it was then, before there were blocks."""


def _forget_words(connection: dialect.Connection) -> None:
    connection.execute("DELETE FROM fts")


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Keep other processes from taking steps meanwhile."""
    connection.execute("SELECT pg_advisory_lock(?)", (_LOCK,))
    try:
        yield
    finally:
        if not connection.is_lost:
            connection.execute("SELECT pg_advisory_unlock(?)", (_LOCK,))


def _apply(connection: Connection, step: Migration, clock: Clock, then: Then | None) -> None:
    with connection.raw.transaction():
        connection.raw.execute(step.script)
        if then:
            then(connection)
        enter(connection, step, clock)
