"""What all parts of a store share about their tenant."""

import secrets
from collections.abc import Iterable
from typing import Any

from careloom.model import Resource
from careloom.model.records import dataclass, field
from careloom.search import SearchParameters
from careloom.store.audit_form import AuditForm
from careloom.store.bodies import Bodies, Dictionaries
from careloom.store.hashing import Hash, hasher
from careloom.store.ids import recorded_at
from careloom.store.paging import Sealer
from careloom.store.port import Prepared
from careloom.store.recording import stamped, stamped_text
from careloom.store.sql.dialect import Connection
from careloom.store.sql.elements import Elements
from careloom.store.sql.names import Names
from careloom.store.sql.outlines import Outlines
from careloom.store.sql.postings import Number
from careloom.store.sql.preparing import Preparation
from careloom.store.sql.reaches import Reaches
from careloom.store.sql.statements import load_statements
from careloom.store.versions import Interaction, Text, Version

OPERATIONS: tuple[Interaction, ...] = ("create", "update", "delete")
"""By the number in the columns called op."""

_SQL = load_statements("record.sql")
_SECRET_BYTES = 32

Row = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Index:
    """By what the tenant is indexed; another takes its place, in a turn, when search parameters change.

    Attributes:
        parameters: What resources are found by.
        outlines: Makes the rows that they are found by, and their bodies.
        recorded: Newest vid of a SearchParameter among those that were looked at.
        in_force: Whether none has taken its place.
    """

    parameters: SearchParameters
    outlines: Outlines
    recorded: int = 0
    in_force: bool = True

    @property
    def elements(self) -> Elements:
        """Makes the rows, whatever was met before."""
        return self.outlines.elements


@dataclass(slots=True, eq=False)
class Tenancy:
    """One tenant of a database.

    Attributes:
        number: What the rows say for it.
        names: Numbers for texts, as committed.
        hash_of: Hash of postings.
        sealer: Makes page tokens.
        bodies: Packs and unpacks resources.
        index: By what it is indexed at present.
        reaches: How far back the newest rows of its tables reach.
    """

    number: int
    names: Names
    hash_of: Hash
    sealer: Sealer
    bodies: Bodies
    index: Index
    reaches: Reaches = field(default_factory=Reaches)

    @property
    def parameters(self) -> SearchParameters:
        """What resources are found by."""
        return self.index.parameters

    @property
    def elements(self) -> Elements:
        """Makes the rows that they are found by."""
        return self.index.elements

    def index_by(self, index: Index) -> None:
        """Have an index take the place of the one before, in a turn."""
        self.index.in_force = False
        index.in_force = True
        self.index = index

    @property
    def preparation(self) -> Preparation:
        """What it takes to prepare a resource."""
        return Preparation(self.index.outlines, self.bodies)

    def prepare(self, resource: Resource | AuditForm, id: str, find: Number) -> Prepared:
        """A resource made ready outside of a turn, where no text gets a number."""
        return self._preparation_apart.prepare(resource, id, find, find=find)

    def prepare_many(self, resources: Iterable[tuple[Resource, str]], find: Number) -> list[Prepared]:
        """The same of many, each with its id."""
        return self._preparation_apart.prepare_many(resources, find)

    @property
    def _preparation_apart(self) -> Preparation:
        """What it takes to do so outside of a turn, where the index may change before the resource is written."""
        return Preparation(self.index.outlines, self.bodies, self.index)

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
    index = index_of(parameters, hash_of)
    index.elements.covers.generations.update(generations(connection, number))
    return Tenancy(number, Names(number), hash_of, Sealer(secret), Bodies(Dictionaries()), index)


def index_of(parameters: SearchParameters, hash_of: Hash, recorded: int = 0) -> Index:
    """An index by these search parameters, see `Index`."""
    return Index(parameters, Outlines(Elements(parameters, hash_of), hash_of), recorded)


def generations(connection: Connection, tenant: int) -> dict[tuple[str, str], int]:
    """How often parameters have been defined anew, of those of which that was ever done."""
    told = connection.execute(_SQL["index_states"], {"tenant": tenant}).fetchall()
    return {(type, code): generation for type, code, _, generation, *_ in told if generation > 1}
