"""Connections to the server.

Statements are written once for both databases, with ``?`` or ``:name`` where a value goes; here they become what
psycopg takes. Integers are sent as ``bigint`` and texts as ``text`` whatever their value, so that a statement is
prepared once.

Planner settings are part of the design, not tuning: every search is put together so that each step is a seek in an
index, in the order written (see `careloom.store.sql.plan`), and a server left to itself now and then hashes a whole
table instead, because it guesses how many rows a keyed hash has.
"""

import itertools
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrBinaryDumper

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass
from careloom.store.sql.statements import load_statements

logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of each lost connection, which we tell ourselves

Values = Sequence[Any] | Mapping[str, Any]
Cursor = psycopg.Cursor[tuple[Any, ...]]

NUL = "\ufdd0"
"""Stands for U+0000, which a ``text`` of PostgreSQL cannot hold: a noncharacter, so nobody's own."""

MOST_AT_ONCE = 2_000
"""Rows sent as arrays in one statement."""

_FIRST_SIZES = (64, 256, 1_024)
"""Rows that are asked for at first: a page and one more, mostly; few sizes, as each is a statement to be prepared."""

_SETTINGS = {
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "client_min_messages": "error",
}
_READER_SETTINGS = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_material": "off",
    "enable_sort": "off",  # but part by part: else all blocks of a run are read where a few were expected
    "join_collapse_limit": "1",
    "from_collapse_limit": "1",
    "cursor_tuple_fraction": "0.0001",
    "random_page_cost": "1",  # as that of a page in order, or the planner reads all of a run to have its pages in order
}

_PREPARED_AFTER = 1
"""Times that a reader runs a statement before it is prepared: what is asked but once need not be kept."""

_MOST_PREPARED = 200
"""Statements that a reader has prepared, each some 50 kilobytes of the server's memory."""

_KEEP_PLANS = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
WHERE NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')
"""
"""The values say nothing of a plan that the statement does not; but Citus has to see them, to know where a row lies."""

_TOKEN = re.compile(r"'(?:[^']|'')*'|::|\?|:([a-z_][a-z_0-9]*)\b|%")


@dataclass(frozen=True, slots=True)
class Server:
    """Where a database is and how long it may take.

    Attributes:
        conninfo: For psycopg; it may hold a password, so it is shown to nobody.
        place: The same for people: host, port and database.
        readers: Connections that read, at most.
        statement_seconds: Longest time for one statement.
        lock_seconds: Longest wait for another writer's turn to end.
        still_seconds: Longest time that a turn may stand still while another process waits for its own.
    """

    conninfo: str
    place: str
    readers: int = 8
    statement_seconds: float = 30.0
    lock_seconds: float = 30.0
    still_seconds: float = 10.0

    def __repr__(self) -> str:
        return f"Server({self.place!r})"


def server_of(url: str, *, password: str = "", **limits: float) -> Server:
    """The server that a ``postgresql://`` address names.

    Args:
        url: The address; it may hold a password and options of libpq.
        password: Goes before one in the address.
        limits: Attributes of `Server`.

    Raises:
        InvalidError: The address cannot be read; the message does not repeat it, since it may hold a password.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise InvalidError("store.url: postgresql://USER@HOST:PORT/DATABASE expected, found something else") from None
    host, port = str(parts.get("host") or "local socket"), str(parts.get("port") or "").strip(",")
    place = f"{host}{f':{port}' if port else ''}/{parts.get('dbname') or parts.get('user') or ''}"
    conninfo = make_conninfo(url, password=password) if password else url
    return Server(conninfo, place, **limits)  # type: ignore[arg-type]  # readers is a whole number


def connect_writer(server: Server) -> "Connection":
    """A connection that writes; its transactions are begun and ended by statements."""
    stillness = f"{max(server.lock_seconds, 1):.0f}s"
    settings = {"idle_in_transaction_session_timeout": stillness, **_READER_SETTINGS}
    return _connect(server, "writer", settings, keeps_plans=True)


def connect_reader(server: Server) -> "Connection":
    """A connection that only reads."""
    settings = {"default_transaction_read_only": "on", **_READER_SETTINGS}
    connection = _connect(server, "reader", settings, keeps_plans=True)
    connection.raw.prepare_threshold, connection.raw.prepared_max = _PREPARED_AFTER, _MOST_PREPARED
    return connection


def connect_plain(server: Server) -> "Connection":
    """A connection for the schema and for moving data, with the planner and time limits of the server."""
    return _connect(server, "upkeep", {"statement_timeout": "0"})


def _connect(server: Server, purpose: str, settings: Mapping[str, str], *, keeps_plans: bool = False) -> "Connection":
    raw = psycopg.connect(
        server.conninfo,
        autocommit=True,
        application_name=f"careloom {purpose}",
        connect_timeout=10,
        target_session_attrs="read-write",
        keepalives_idle=30,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=30_000,
    )
    try:
        adapt(raw.adapters)
        limits = {
            "statement_timeout": f"{server.statement_seconds * 1000:.0f}",
            "lock_timeout": f"{server.lock_seconds * 1000:.0f}",
        }
        chosen = {**_SETTINGS, **limits, **settings}
        row = ", ".join(["set_config(%s, %s, false)"] * len(chosen))
        raw.execute(f"SELECT {row}", [word for pair in chosen.items() for word in pair])
        if keeps_plans:
            raw.execute(_KEEP_PLANS)
    except BaseException:
        raw.close()
        raise
    return Connection(raw)


def adapt(adapters: AdaptersMap) -> None:
    """Send every integer as ``bigint`` and every text as ``text``."""
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(str, StrBinaryDumper)


class Connection:
    """A connection that takes statements as the rooms of the store write them.

    A round trip to the server costs more than most statements do. Statements whose answer nobody reads are therefore
    kept back (`later`) and sent together with the next that somebody does read, in order. Should one of them fail, the
    transaction is lost and that next statement raises; the savepoints around each unit of work are among them.

    Attributes:
        raw: The connection of psycopg, for what only PostgreSQL has.
        appended: Rows appended to tables, until whoever reads it sets it to 0.
    """

    def __init__(self, raw: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self.raw = raw
        self._later: list[tuple[str, Values]] = []
        self._savepoint_at = 0
        self.is_in_unit = False
        self.appended = 0
        self.must_be_quick = False  # whoever works on it has a thread of its own
        self._numbers = itertools.count()
        self._cursors: set[str] = set()

    def execute(self, sql: str, values: Values = (), /) -> Cursor:
        """Run one statement, after those kept back; the cursor gives its rows."""
        cursor = self.raw.cursor(binary=True)
        if sql in _ENDINGS:
            self._cursors.clear()
        if not self._later:
            return cursor.execute(as_psycopg(sql), storable(values) or None)
        kept, self._later = self._later, []
        with self.raw.pipeline():
            for each, its_values in kept:
                self.raw.execute(as_psycopg(each), storable(its_values) or None)
            cursor.execute(as_psycopg(sql), storable(values) or None)
        return cursor

    def some(self, sql: str, values: Values = (), wanted: int = 0) -> Iterator[tuple[Any, ...]]:
        """The rows of one statement that says their order, when mostly no more than the first of them are read.

        These come by a statement that is prepared, since planning it takes as long as running it; only whoever asks for
        more has it planned for a cursor. It needs a transaction.

        Args:
            sql: Without a limit.
            values: Of the statement.
            wanted: How many rows are read at least, as far as that is known.
        """
        size = next((each for each in _FIRST_SIZES if each >= wanted), _FIRST_SIZES[-1])
        rows = self.execute(f"{sql} LIMIT {size}", values).fetchall()
        yield from rows
        if len(rows) == size:
            yield from self.stream(f"{sql} OFFSET {size}", values)

    def stream(self, sql: str, values: Values = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of one statement as they are asked for, some at first and then more at a time.

        It needs a transaction. The server is told that few rows will be read, and plans for that.
        """
        name = f"some_{next(self._numbers)}"
        self._cursors.add(name)
        self.later(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", values)
        size = _FIRST_SIZES[0]
        try:
            while rows := self.execute(f"FETCH FORWARD {size} FROM {name}").fetchall():
                yield from rows
                if len(rows) < size:
                    return
                size = min(size * 4, MOST_AT_ONCE)
        finally:
            if name in self._cursors:  # otherwise it has ended with its transaction or unit
                self._cursors.discard(name)
                self.later(f"CLOSE {name}")

    def flush(self) -> None:
        """Run the statements kept back."""
        if self._later:
            self.execute("SELECT 1")

    def executemany(self, sql: str, values: Iterable[Values], /) -> Cursor:
        """Run one statement for each of many sets of values, when the next statement is read."""
        rows = list(values)
        if sql not in _IN_BULK:
            for each in rows:
                self.later(sql, each)
        for start in range(0, len(rows), MOST_AT_ONCE) if sql in _IN_BULK else ():
            some = [storable(each) for each in rows[start : start + MOST_AT_ONCE]]
            self.later(_IN_BULK[sql], [array(column) for column in zip(*some, strict=True)])
        return self.raw.cursor()

    def later(self, sql: str, values: Values = ()) -> None:
        """Run a statement before the next one; nobody reads its answer."""
        self._later.append((sql, values))

    def forget(self) -> None:
        """Run none of the statements kept back."""
        self._later.clear()
        self.is_in_unit = False

    def begin_unit(self) -> None:
        """Begin what `undo_unit` undoes."""
        self._savepoint_at = len(self._later)
        self.is_in_unit = True
        self.later(_SAVEPOINT)

    def end_unit(self) -> None:
        """Keep what was done since `begin_unit`, as far as the transaction is kept."""
        if self.is_in_unit:
            self.is_in_unit = False
            self.later("RELEASE unit")

    def undo_unit(self) -> None:
        """Undo what was done since `begin_unit`; of what was not even sent, nothing is left to undo."""
        if not self.is_in_unit:
            return
        self.is_in_unit = False
        if self._later[self._savepoint_at : self._savepoint_at + 1] == [(_SAVEPOINT, ())]:
            del self._later[self._savepoint_at :]
            return
        self.forget()
        self._cursors.clear()
        self.later("ROLLBACK TO unit")
        self.later("RELEASE unit")

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction was begun, be it one that has failed."""
        return self.raw.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self.raw.closed or self.raw.broken

    def close(self) -> None:
        """End the connection; a second call does nothing."""
        self.raw.close()


_SAVEPOINT = "SAVEPOINT unit"
_ENDINGS = ("COMMIT", "ROLLBACK")


_BULK = ("put_head", "add_head", "close_version", "repack_body", "add_units", "remember", "add_event")


def _in_bulk() -> Mapping[str, str]:
    one = {**load_statements("record.sql"), **load_statements("events.sql")}
    many = load_statements("postgres.sql")
    return {one[name]: many[name] for name in _BULK}


_IN_BULK = _in_bulk()
"""Statements run for many rows, and what does the same with an array for each column."""


def array(column: Sequence[Any]) -> Any:
    """Many values for one parameter, which the statement casts to an array; texts and bytes go as they are.

    Numbers go as the server writes arrays: psycopg would choose the type of the array by the size of the numbers in it.
    """
    if isinstance(column[0], str | bytes):
        return list(column)
    return "{" + ",".join(["NULL" if each is None else str(each) for each in column]) + "}"


@lru_cache(maxsize=4_096)
def as_psycopg(sql: str) -> LiteralString:
    """A statement with ``?`` or ``:name`` for values as psycopg writes it; quoted texts are left as they are."""

    def written(match: re.Match[str]) -> str:
        token = match[0]
        if match[1]:
            return f"%({match[1]})s"
        if token == "?":
            return "%s"
        return token.replace("%", "%%")

    return _TOKEN.sub(written, sql)


def storable(values: Values) -> Values:
    """The values with `NUL` for every U+0000; the same object where there is none."""
    if isinstance(values, Mapping):
        found = storable(tuple(values.values()))
        return dict(zip(values, found, strict=True)) if "\0" in "".join(_texts(values.values())) else values
    if not any("\0" in text for text in _texts(values)):
        return values
    return tuple(each.replace("\0", NUL) if isinstance(each, str) else each for each in values)


def _texts(values: Any) -> list[str]:
    return [each for each in values if type(each) is str]
