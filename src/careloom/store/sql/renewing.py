"""Composites, words and shapes made anew behind a step of the schema that changes what is kept of them."""

from collections.abc import Callable, Iterator

from careloom.search import SearchParameters
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import Connection, Dialect, Row
from careloom.store.sql.names import WriterNames
from careloom.store.sql.pruning import pruned_to
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Tenancy, open_tenancy
from careloom.store.sql.training import read_dictionaries

_AT_ONCE = 1_000
_RENEWED = ("pair", "fts")

_SQL = load_statements("record.sql")


def renew(
    connection: Connection, dialect: Dialect, parameters: SearchParameters, forget_words: Callable[[Connection], None]
) -> None:
    """Make them anew for all versions that have index rows, in the transaction of the step.

    Args:
        connection: To the database.
        dialect: The database.
        parameters: What resources are found by.
        forget_words: Empties the index of words.
    """
    connection.execute("DELETE FROM pair")
    forget_words(connection)
    for (name,) in connection.execute("SELECT name FROM tenant ORDER BY tenant").fetchall():
        _renew_tenant(connection, dialect, open_tenancy(connection, name, parameters))


def _renew_tenant(connection: Connection, dialect: Dialect, tenancy: Tenancy) -> None:
    read_dictionaries(connection, tenancy.names, tenancy.bodies)
    names = WriterNames(tenancy.number)
    batch = Batch(tenancy.number, dialect)
    for number, (vid, shape, dictionary, packed) in enumerate(_versions(connection, tenancy), start=1):
        resource = tenancy.bodies.unpack(dictionary, packed)
        rows, told = tenancy.preparation.rows(resource, lambda text: names.number(connection, text))
        batch.add_postings(vid, {table: rows[table] for table in _RENEWED if table in rows})
        if told != shape:
            connection.execute(_SQL["reshape"], {"tenant": tenancy.number, "vid": vid, "shape": told})
        if number % _AT_ONCE == 0:
            batch.write(connection)
    batch.write(connection)


def _versions(connection: Connection, tenancy: Tenancy) -> Iterator[Row]:
    """Vid, shape and body of each version that has index rows, some hundreds in memory at a time."""
    key = {"tenant": tenancy.number, "pruned": pruned_to(connection, tenancy.number), "limit": _AT_ONCE}
    after = -1
    while rows := connection.execute(_SQL["all_to_index"], key | {"after": after}).fetchall():
        yield from rows
        after = rows[-1][0]
