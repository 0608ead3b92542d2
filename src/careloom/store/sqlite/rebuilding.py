"""What the steps of the schema leave to be done: the record of the first schema, and index rows that are others now.

Step 2 leaves the old versions, bodies, change log and causes in tables called ``old_…``. Behind the last step, each
version is read from there and goes through the same preparation as a new one; vids, version numbers and times stay.
A record of a later schema needs only what `careloom.store.sql.renewing` does.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import zstandard

from careloom.model import Resource, parse_resource
from careloom.search import SearchParameters
from careloom.store.bodies import Bodies, Dictionaries
from careloom.store.hashing import hasher
from careloom.store.ids import recorded_at
from careloom.store.recording import stamped
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import Connection
from careloom.store.sql.elements import Elements
from careloom.store.sql.keys import NO_SHAPE, address_hash
from careloom.store.sql.names import WriterNames
from careloom.store.sql.outlines import Outlines
from careloom.store.sql.preparing import Preparation
from careloom.store.sql.renewing import renew
from careloom.store.sqlite.dialect import DIALECT

NARROW = 5
"""The step of the schema that has fewer rows for each version."""

_VERSIONS_AT_ONCE = 2_000
_OLD_VERSIONS = """
    SELECT v.vid, v.type, v.id, v.ver, v.op, v.valid_to, b.bytes
    FROM old_version AS v LEFT JOIN old_body AS b ON b.vid = v.vid WHERE v.tenant = ? ORDER BY v.vid
"""


def steps(parameters: SearchParameters) -> Mapping[int, Callable[[sqlite3.Connection], None]]:
    """By number of a schema step, what is done behind its script."""
    return {NARROW: lambda connection: complete(connection, parameters)}


def complete(connection: sqlite3.Connection, parameters: SearchParameters) -> None:
    """Fill the tables with what lies in the old ones, or make anew what has changed since the steps before."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'old_version'").fetchone():
        rebuild(connection, parameters)
    else:
        renew(connection, DIALECT, parameters, _forget_words)


def _forget_words(connection: Connection) -> None:
    connection.execute("INSERT INTO fts (fts) VALUES ('delete-all')")


def rebuild(connection: sqlite3.Connection, parameters: SearchParameters) -> None:
    """Write what the old tables hold into the new ones, and drop them."""
    for tenant, secret in connection.execute("SELECT tenant, secret FROM tenant").fetchall():
        _Tenant(connection, tenant, secret, parameters).rebuild()
    connection.execute(
        "UPDATE version SET told = 1 WHERE EXISTS "
        "(SELECT 1 FROM old_change_log AS c WHERE c.tenant = version.tenant AND c.vid = version.vid)"
    )
    for table in ("old_tx", "old_version", "old_body", "old_change_log"):
        connection.execute(f"DROP TABLE {table}")


class _Tenant:
    """One tenant's record on its way."""

    def __init__(
        self, connection: sqlite3.Connection, tenant: int, secret: bytes, parameters: SearchParameters
    ) -> None:
        self._connection = connection
        self._tenant = tenant
        self._hash_of = hasher(secret)
        self._names = WriterNames(tenant)
        outlines = Outlines(Elements(parameters, self._hash_of), self._hash_of)
        self._preparation = Preparation(outlines, Bodies(Dictionaries()))
        self._batch = Batch(tenant, DIALECT)

    def rebuild(self) -> None:
        """Write all versions, and the units that wrote them."""
        for number, (vid, type, id, ver, op, valid_to, packed) in enumerate(self._old_versions(), start=1):
            resource = None if packed is None else stamped(_unpacked(packed), id, str(ver), recorded_at(vid))
            self._add(self._names.text(self._connection, type), id, (vid, ver, op), resource)
            if valid_to is not None:
                self._batch.close(vid, valid_to)
            if number % _VERSIONS_AT_ONCE == 0:
                self._batch.write(self._connection)
        self._batch.write(self._connection)
        self._connection.execute(
            "INSERT INTO tx (tenant, tx, last, state, cause) "
            "SELECT t.tenant, t.tx, max(v.vid), 0, t.cause FROM old_tx AS t "
            "JOIN old_version AS v ON v.tenant = t.tenant AND v.tx = t.tx WHERE t.tenant = ? GROUP BY t.tx",
            (self._tenant,),
        )

    def _old_versions(self) -> Iterator[Any]:
        return iter(self._connection.execute(_OLD_VERSIONS, (self._tenant,)))

    def _add(self, type: str, id: str, version: tuple[int, int, int], resource: Resource | None) -> None:
        number = self._number
        shape = number(NO_SHAPE)
        if resource is not None:
            prepared = self._preparation.prepare(resource, id, number)
            assert prepared.rows is not None
            self._batch.add_body(version[0], prepared.dictionary, prepared.packed)
            self._batch.add_postings(version[0], prepared.rows)
            shape = prepared.shape
        self._batch.add_version(address_hash(self._hash_of, f"{type}/{id}"), number(type), id, version, shape)

    def _number(self, text: str) -> int:
        return self._names.number(self._connection, text)


def _unpacked(packed: bytes) -> Resource:
    """A body of the first schema, which knew no dictionaries."""
    return parse_resource(zstandard.ZstdDecompressor().decompress(packed))
