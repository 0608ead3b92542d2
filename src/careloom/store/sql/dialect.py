"""What differs from database to database, said in one object, and the connection that all of them look like."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from careloom.model.records import dataclass, field
from careloom.store.sql.at_once import at_once
from careloom.store.sql.tables import COLUMNS
from careloom.store.sql.text import Sql, one_of

Row = tuple[Any, ...]


class Cursor(Protocol):
    """The rows of one statement."""

    @property
    def rowcount(self) -> int:
        """How many rows a writing statement touched."""
        ...

    def fetchone(self) -> Any:
        """The next row; None behind the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rest of the rows."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The rest of the rows, one by one."""
        ...


class Connection(Protocol):
    """One connection to a database: ``?`` with values in order, or ``:name`` with values by name."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Any, /) -> Cursor:
        """Run one statement for each of many sets of values."""
        ...


class UnitConnection(Connection, Protocol):
    """A writer's connection, on which a part of a transaction can be undone."""

    @property
    def is_in_unit(self) -> bool:
        """Whether there is something that is undone when the work under way raises."""
        ...

    @property
    def must_be_quick(self) -> bool:
        """Whether everybody else waits for the work under way."""
        ...

    def begin_unit(self) -> None:
        """Begin what is undone when the work under way raises."""
        ...


def _delete_words(connection: Connection, rows: Sequence[Row]) -> None:
    """As a table is told to that keeps rows."""
    connection.executemany("DELETE FROM fts WHERE vid = ? AND tenant = ?", [row[:2] for row in rows])


def remove(connection: Connection, table: str, rows: Sequence[Row]) -> int:
    """Row by row."""
    tests = " AND ".join(f"{column} = ?" for column in COLUMNS[table])
    return max(connection.executemany(f"DELETE FROM {table} WHERE {tests}", rows).rowcount, 0)


def lying(table: str, vids: Sequence[str]) -> tuple[str, str]:
    """In rows of one version each."""
    return table, f"vid = {vids[0]}" if len(vids) == 1 else f"vid IN ({', '.join(vids)})"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database says what the others say differently.

    Attributes:
        name: For people.
        by: A table under an alias in a FROM clause, with the index to go by: ``by("dat", "value", "d")``. The indexes
            are ``value``, ``version`` and ``long`` of a postings table, ``type``, ``superseded`` and
            ``shape`` of ``version``.
            A database that takes no such advice gives ``dat AS d``.
        versions_of: Whether a row of ``version`` under an alias is of a resource: by the alias, and the SQL of tenant
            and rid.
        in_order: The join, to be followed by ``ON``, that keeps to the order written: ``CROSS JOIN`` or ``JOIN``.
        inside: Whether a text, bound as ``?``, occurs in a column.
        words: Selects the vid of the versions whose text has all of some words; ``word*`` is the start of a word.
        append: Writes rows into a table of `careloom.store.sql.tables`; none of them is there yet or comes twice.
        remove: Takes rows out of a table of the search index again, but for words; how many there were, where that is
            known.
        blocks: By table that an index has in the order of blocks alone, what the block of a row is, see
            `careloom.store.sql.tables.BLOCK_BITS`.
        lying: Behind FROM and behind WHERE: the rows of a table of hashes that are of one of some versions, told by the
            SQL of their vids.
        most_values: How many values one statement may bind.
        rows_in_part: How many rows of a table are written in a millisecond or a few.
        held: Ends a SELECT whose rows nobody else may change or hold until the transaction ends; empty where nobody
            else writes meanwhile.
        forget_words: Takes rows of ``fts`` out again, as they were appended.
        sweep: Clears away what taking out rows has left in indexes, when an erasure ends.
        limited: Stops searches on a connection that cost too much, as long as it is entered, with TooCostlyError.
        bound: What `limited`, or the database itself, allows a search at most: for people.
        explained: What the database says of how it runs a statement, line by line.
        among: Whether a column is one of some numbers.
        at_once: As `careloom.store.sql.at_once.at_once`.
        rows: The rows of a statement one after the other, when perhaps only the first of them will be read.
        first_rows: The same of a statement in order that is as good when all its rows are read, by how many are wanted.
        keeps_order: Whether what is joined to a WITH part comes in the order of that part.
        hidden: A column that the database is not to look up rows by, where it might take the wrong index.
        apart: Ends a subquery that is to be run for each candidate anew, by a seek, where the database might look for
            all that it finds instead.
        has_targets_in_order: Whether the rows that refer to one address lie in the order of their vid, whatever
            parameter they are under.
        beginning: What the index of a column of long texts holds in its stead, and how many characters that are;
            None where it holds all of it.
        taken: What it raises where a row is inserted that is there, at once or when the rows of the group are sent.
    """

    name: str
    by: Callable[[str, str, str], str]
    in_order: str
    versions_of: Callable[[str, str, str], str]
    inside: Callable[[str], str]
    words: Callable[[Sequence[str]], Sql]
    append: Callable[[Connection, str, Sequence[Row]], None]
    most_values: int
    forget_words: Callable[[Connection, Sequence[Row]], None] = _delete_words
    remove: Callable[[Connection, str, Sequence[Row]], int] = remove
    blocks: Mapping[str, str] = field(default_factory=dict)
    lying: Callable[[str, Sequence[str]], tuple[str, str]] = lying
    sweep: Callable[[Connection], None] = lambda connection: None
    limited: Callable[[Connection], AbstractContextManager[None]] = lambda connection: nullcontext()
    bound: Callable[[Connection], str] = lambda connection: "as much as the database takes"
    explained: Callable[[Connection, Sql], list[str]] = lambda connection, sql: []
    among: Callable[[str, Sequence[int]], Sql] = one_of
    at_once: Callable[..., Iterator[tuple[str, Sequence[Any]]]] = at_once
    rows: Callable[[Connection, Sql], Iterator[Row]] = lambda connection, sql: iter(
        connection.execute(sql.text, sql.values)
    )
    first_rows: Callable[[Connection, Sql, int], Iterator[Row]] = lambda connection, sql, wanted: iter(
        connection.execute(sql.text, sql.values)
    )
    rows_in_part: int = 128
    held: str = ""
    keeps_order: bool = True
    hidden: Callable[[str], str] = lambda column: column
    apart: str = ""
    has_targets_in_order: bool = False
    beginning: tuple[str, int] | None = None
    taken: tuple[type[Exception], ...] = ()

    def about(
        self,
        connection: Connection,
        statement: str,
        before: Sequence[Any],
        items: Sequence[Any],
        after: Sequence[Any] = (),
    ) -> Iterator[Row]:
        """The rows of a statement about any number of items, see `at_once`."""
        for sql, values in self.at_once(statement, before, items, after):
            yield from connection.execute(sql, values).fetchall()

    def compared(self, column: str, sign: str, text: str) -> Sql:
        """Whether a column of long texts is to a text as the sign says, in a way that the index of the column helps."""
        test = Sql(f"{column} {sign} ?", (text,))
        if self.beginning is None:
            return test
        held, characters = self.beginning
        rough = {"<": "<=", ">": ">="}.get(sign, sign)
        return Sql(f"{held.format(column=column)} {rough} ?", (text[:characters],)) + Sql("AND") + test
