"""What all parts of a store share about their tenant."""

import secrets
from dataclasses import dataclass
from typing import Any

from careloom.search import SearchParameters
from careloom.store.bodies import Bodies, Dictionaries
from careloom.store.hashing import Hash, hasher
from careloom.store.ids import recorded_at
from careloom.store.paging import Sealer
from careloom.store.port import Interaction, Text, Version
from careloom.store.recording import stamped, stamped_text
from careloom.store.sql.dialect import Connection
from careloom.store.sql.elements import Elements
from careloom.store.sql.names import Names
from careloom.store.sql.preparing import Preparation
from careloom.store.sql.statements import load_statements

OPERATIONS: tuple[Interaction, ...] = ("create", "update", "delete")
"""By the number in the columns called op."""

_SQL = load_statements("record.sql")
_SECRET_BYTES = 32

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Tenancy:
    """One tenant of a database.

    Attributes:
        number: What the rows say for it.
        names: Numbers for texts, as committed.
        hash_of: Hash of postings.
        sealer: Makes page tokens.
        bodies: Packs and unpacks resources.
        parameters: What resources are found by.
        elements: Makes the rows that they are found by.
    """

    number: int
    names: Names
    hash_of: Hash
    sealer: Sealer
    bodies: Bodies
    parameters: SearchParameters
    elements: Elements

    @property
    def preparation(self) -> Preparation:
        """What it takes to prepare a resource."""
        return Preparation(self.elements, self.bodies)

    def version(self, type: str, row: Row) -> Version:
        """A version from id, ver, op, vid, dictionary and bytes."""
        id, ver, op, vid, dictionary, packed = row
        moment = recorded_at(vid)
        resource = None if packed is None else stamped(self.bodies.unpack(dictionary, packed), id, str(ver), moment)
        return Version(type, id, str(ver), moment, OPERATIONS[op], resource, vid)

    def text(self, type: str, row: Row) -> Text:
        """A version as text from the same."""
        id, ver, op, vid, dictionary, packed = row
        moment, number = recorded_at(vid), str(ver)
        body = None
        if packed is not None:
            body = stamped_text(self.bodies.unpack_text(dictionary, packed), type, id, number, moment)
        return Text(type, id, number, moment, OPERATIONS[op], body, vid)


def open_tenancy(connection: Connection, name: str, parameters: SearchParameters) -> Tenancy:
    """The tenant by its name; enters it in the database when it is new there."""
    row = connection.execute(_SQL["tenant"], {"name": name}).fetchone()
    if row is None:
        connection.execute(_SQL["add_tenant"], {"name": name, "secret": secrets.token_bytes(_SECRET_BYTES)})
        return open_tenancy(connection, name, parameters)
    number, secret = row
    hash_of = hasher(secret)
    elements = Elements(parameters, hash_of)
    for type, code, _, generation, *_ in connection.execute(_SQL["index_states"], {"tenant": number}).fetchall():
        if generation > 1:
            elements.covers.generations[type, code] = generation
    return Tenancy(number, Names(number), hash_of, Sealer(secret), Bodies(Dictionaries()), parameters, elements)
