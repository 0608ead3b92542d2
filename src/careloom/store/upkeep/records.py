"""The record read version by version, to make anew what is derived from it: index rows and words."""

from collections.abc import Collection, Iterator

from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.search import SearchParameters
from careloom.store.sql.names import WriterNames
from careloom.store.sql.postings import Rows
from careloom.store.sql.recorded import index_recorded
from careloom.store.sql.shares import Found
from careloom.store.sql.tenancy import Tenancy, open_tenancy
from careloom.store.sql.training import read_dictionaries
from careloom.store.upkeep.databases import Database, in_lots

_VERSIONS = """
SELECT head.id, version.ver, version.op, version.vid, body.dictionary, body.bytes, version.type, version.shape,
       version.frame, version.valid_to
FROM version JOIN head ON head.tenant = version.tenant AND head.rid = version.rid
JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = {tenant}{among}
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A version as it is kept.

    Attributes:
        vid: Its sequence.
        type: Resource type.
        id: Logical id.
        version_id: Its number among those of the resource.
        resource: Its content.
        shape: Number of its list of parameters.
        frame: Number of its frame.
        is_living: Whether it is the newest of its resource.
    """

    vid: int
    type: str
    id: str
    version_id: str
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
        self.name = tenant
        self.tenancy: Tenancy = open_tenancy(database.connection, tenant, parameters)
        self._names = WriterNames(self.tenancy.number)
        read_dictionaries(database.connection, self.tenancy.names, self.tenancy.bodies)
        index_recorded(database.connection, self.tenancy)

    @property
    def number(self) -> int:
        """Number of the tenant."""
        return self.tenancy.number

    def versions(self, among: Collection[int] | None = None) -> Iterator[Kept]:
        """All versions that have content, or those of them with some vids, in no particular order.

        Raises:
            ValueError: A body cannot be read; the message says of which version.
        """
        if among is None:
            yield from self._versions("")
            return
        for lot in in_lots((vid,) for vid in among):
            yield from self._versions(f" AND version.vid IN ({', '.join(str(vid) for (vid,) in lot)})")

    def _versions(self, among: str) -> Iterator[Kept]:
        connection = self._database.connection
        select = _VERSIONS.format(tenant=self.number, among=among)
        for *row, type_number, shape, frame, valid_to in self._database.stream(select):
            type = self._names.text(connection, type_number)
            try:
                version = self.tenancy.version(type, tuple(row))
            except Exception as error:
                raise ValueError(f"{type}/{row[0]} version {row[1]}: the body cannot be read: {error}") from error
            assert version.resource is not None
            yield Kept(
                version.sequence,
                type,
                version.id,
                version.version_id,
                version.resource,
                shape,
                frame,
                valid_to is None,
            )

    def rows(self, kept: Kept) -> tuple[Rows, int]:
        """All index rows that lead to a version, and its shape; names that are missing are added."""
        return self.tenancy.preparation.rows(kept.resource, self._number)

    def found(self, kept: Kept) -> Found:
        """What a version is found by, without adding names: numbers that are missing are -2, and so are in no row."""
        return self.tenancy.preparation.found(kept.resource, self.number_of)

    def has_shape(self, kept: Kept, found: Found) -> bool:
        """Whether a version has the list of parameters that its content gives."""
        return self.number_of(found.shape) == kept.shape

    def has_frame(self, kept: Kept, found: Found) -> bool:
        """Whether a version has no frame, or that which its content gives."""
        return not kept.frame or (found.frame is not None and self.number_of(found.frame.name) == kept.frame)

    def number_of(self, text: str) -> int:
        """The number of a text; -2 where it has none."""
        return self._names.find(self._database.connection, text)

    def _number(self, text: str) -> int:
        return self._names.number(self._database.connection, text)


def records(database: Database, parameters: SearchParameters) -> Iterator[Record]:
    """The record of each tenant."""
    names = database.connection.execute("SELECT name FROM tenant ORDER BY tenant").fetchall()
    return (Record(database, name, parameters) for (name,) in names)
