"""The SearchParameter resources of the record, by which the record itself is indexed."""

from collections.abc import Collection

from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.search.custom import TYPE, with_recorded
from careloom.store.sql.dialect import Connection
from careloom.store.sql.names import UNKNOWN
from careloom.store.sql.slices import MustTakeTurnError
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Index, Tenancy, generations, index_of

_SQL = load_statements("record.sql")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What there is of them.

    Attributes:
        newest: Vid of the newest version, be it a deletion; 0 without any.
        resources: The living ones, in the order in which they were last written.
    """

    newest: int
    resources: tuple[Resource, ...] = ()


def newest_recorded(connection: Connection, tenancy: Tenancy) -> int:
    """The vid that tells whether any was written since the last look."""
    type = tenancy.names.find(connection, TYPE)
    if type == UNKNOWN:
        return 0
    row = connection.execute(_SQL["newest_of_type"], {"tenant": tenancy.number, "type": type}).fetchone()
    return int(row[0]) if row and row[0] else 0


def read_recorded(connection: Connection, tenancy: Tenancy) -> Recorded:
    """All of them, in one snapshot."""
    newest = newest_recorded(connection, tenancy)
    if not newest:
        return Recorded(0)
    key = {"tenant": tenancy.number, "type": tenancy.names.find(connection, TYPE)}
    found = (tenancy.version(TYPE, row) for row in connection.execute(_SQL["living_of_type"], key).fetchall())
    return Recorded(newest, tuple(each.resource for each in found if each.resource is not None))


def index_with(recorded: Recorded, tenancy: Tenancy) -> Index:
    """The index by what is installed and those of the recorded that count; the same one where they change nothing."""
    parameters = with_recorded(tenancy.parameters, recorded.resources)
    if parameters is tenancy.parameters:
        return tenancy.index
    return index_of(parameters, tenancy.hash_of, recorded.newest)


def index_recorded(connection: Connection, tenancy: Tenancy) -> None:
    """Have the tenant indexed by what it has recorded, where nobody else is at work."""
    recorded = read_recorded(connection, tenancy)
    index = index_with(recorded, tenancy)
    index.elements.covers.generations.update(generations(connection, tenancy.number))
    index.recorded = recorded.newest
    tenancy.index_by(index)


def require_index(tenancy: Tenancy, index: Index, written: Collection[str]) -> None:
    """See in a turn that what was collected beside the turns of others may be shown.

    Raises:
        MustTakeTurnError: Its rows were made by an index that is not in force any more, or it has written a
            SearchParameter, of which others learn by the newest vid alone.
    """
    if tenancy.index is not index or TYPE in written:
        raise MustTakeTurnError
