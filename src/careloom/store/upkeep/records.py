"""The record read version by version, to make anew what is derived from it: index rows and words."""

from collections.abc import Iterator

from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.search import SearchParameters
from careloom.store.sql.names import WriterNames
from careloom.store.sql.postings import Rows
from careloom.store.sql.recorded import index_recorded
from careloom.store.sql.shares import Found
from careloom.store.sql.tenancy import Tenancy, open_tenancy
from careloom.store.sql.training import read_dictionaries
from careloom.store.upkeep.databases import Database

_VERSIONS = """
SELECT head.id, version.ver, version.op, version.vid, body.dictionary, body.bytes, version.type, version.shape,
       version.frame, version.valid_to
FROM version JOIN head ON head.tenant = version.tenant AND head.rid = version.rid
JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = {tenant}
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A version as it is kept.

    Attributes:
        vid: Its sequence.
        type: Resource type.
        id: Logical id.
        resource: Its content.
        shape: Number of its list of parameters.
        frame: Number of its frame.
        is_living: Whether it is the newest of its resource.
    """

    vid: int
    type: str
    id: str
    resource: Resource
    shape: int
    frame: int
    is_living: bool


class Record:
    """The record of one tenant in a database.

    Args:
        database: Open for upkeep.
        tenant: Its name.
        parameters: What resources are found by, beside what the tenant has recorded itself.
    """

    def __init__(self, database: Database, tenant: str, parameters: SearchParameters) -> None:
        self._database = database
        self.tenancy: Tenancy = open_tenancy(database.connection, tenant, parameters)
        self._names = WriterNames(self.tenancy.number)
        read_dictionaries(database.connection, self.tenancy.names, self.tenancy.bodies)
        index_recorded(database.connection, self.tenancy)

    @property
    def number(self) -> int:
        """Number of the tenant."""
        return self.tenancy.number

    def versions(self) -> Iterator[Kept]:
        """All versions that have content, in no particular order.

        Raises:
            ValueError: A body cannot be read; the message says of which version.
        """
        connection = self._database.connection
        select = _VERSIONS.format(tenant=self.number)
        for *row, type_number, shape, frame, valid_to in self._database.stream(select):
            type = self._names.text(connection, type_number)
            try:
                version = self.tenancy.version(type, tuple(row))
            except Exception as error:
                raise ValueError(f"{type}/{row[0]} version {row[1]}: the body cannot be read: {error}") from error
            assert version.resource is not None
            yield Kept(version.sequence, type, version.id, version.resource, shape, frame, valid_to is None)

    def rows(self, kept: Kept) -> tuple[Rows, int]:
        """All index rows that lead to a version, and its shape; names that are missing are added."""
        return self.tenancy.preparation.rows(kept.resource, self._number)

    def found(self, kept: Kept) -> Found:
        """What a version is found by, without adding names: numbers that are missing are -2, and so are in no row."""
        return self.tenancy.preparation.found(kept.resource, self.number_of)

    def number_of(self, text: str) -> int:
        """The number of a text; -2 where it has none."""
        return self._names.find(self._database.connection, text)

    def _number(self, text: str) -> int:
        return self._names.number(self._database.connection, text)


def records(database: Database, parameters: SearchParameters) -> Iterator[Record]:
    """The record of each tenant."""
    names = database.connection.execute("SELECT name FROM tenant ORDER BY tenant").fetchall()
    return (Record(database, name, parameters) for (name,) in names)
