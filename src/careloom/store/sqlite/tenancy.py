"""What all parts of an SQLite store share about their tenant."""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from careloom.search import SearchParameters, index_values, sort_value
from careloom.search.query import Kind, SortKey
from careloom.store.bodies import Bodies
from careloom.store.hashing import Hash, hasher
from careloom.store.ids import recorded_at
from careloom.store.paging import Sealer, SortValue
from careloom.store.port import Interaction, Version
from careloom.store.sqlite.names import Names
from careloom.store.statements import load_statements

OPERATIONS: tuple[Interaction, ...] = ("create", "update", "delete")
"""By the number in the columns called op."""

_SQL = load_statements("record.sql")
_SECRET_BYTES = 32

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Tenancy:
    """One tenant of a database file.

    Attributes:
        number: What the rows say for it.
        names: Numbers for texts, as committed.
        hash_of: Hash of postings.
        sealer: Makes page tokens.
        bodies: Packs and unpacks resources.
        parameters: What resources are found by.
    """

    number: int
    names: Names
    hash_of: Hash
    sealer: Sealer
    bodies: Bodies
    parameters: SearchParameters

    def version(self, type: str, row: Row) -> Version:
        """A version from id, ver, op, vid, dictionary and bytes."""
        id, ver, op, vid, dictionary, packed = row
        resource = None if packed is None else self.bodies.unpack(dictionary, packed)
        return Version(type, id, str(ver), recorded_at(vid), OPERATIONS[op], resource, vid)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Give a connection the function ``sort_value`` of `careloom.store.sqlite.plan`."""
        connection.create_function("sort_value", 3, self._sort_value(), deterministic=True)

    def _sort_value(self) -> Callable[[str, int, bytes], SortValue]:
        def sort_value_of(spec: str, dictionary: int, packed: bytes) -> SortValue:
            parameter, kind, direction = spec.split(" ")
            key = SortKey(parameter, _KINDS[kind], direction == "descending")
            values = index_values(self.bodies.unpack(dictionary, packed), self.parameters, only={parameter})
            found: SortValue = sort_value(key, values)
            return found

        return sort_value_of


_KINDS: dict[str, Kind] = {"token": "token", "reference": "reference", "uri": "uri"}


def open_tenancy(connection: sqlite3.Connection, name: str, parameters: SearchParameters) -> Tenancy:
    """The tenant by its name; enters it in the file when it is new there."""
    row = connection.execute(_SQL["tenant"], {"name": name}).fetchone()
    if row is None:
        connection.execute(_SQL["add_tenant"], {"name": name, "secret": secrets.token_bytes(_SECRET_BYTES)})
        return open_tenancy(connection, name, parameters)
    number, secret = row
    return Tenancy(number, Names(number), hasher(secret), Sealer(secret), Bodies(), parameters)
