"""All tables of the record as they are carried from one database to another.

Full-text words are the one thing that is not carried, since SQLite keeps no copy of them; they are made again from the
bodies (`careloom.store.upkeep.carrying.write_words`). Leases belong to processes, and the steps of the schema to the
database.
"""

from collections.abc import Mapping

from careloom.model.records import dataclass
from careloom.store.sql.tables import COLUMNS


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: The same in every database.
        columns: Name to type, as PostgreSQL calls it, in the order in which rows are carried.
    """

    name: str
    columns: Mapping[str, str]

    @property
    def select(self) -> str:
        """All its rows."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name}"


def _table(name: str, columns: str, *, texts: str = "", numbers: str = "", bytes: str = "", reals: str = "") -> Table:
    """Columns not named under a kind are ``integer``; ``numbers`` are ``bigint``."""
    kinds = {"text": texts, "bigint": numbers, "bytea": bytes, "double precision": reals}
    by_column = {column: kind for kind, named in kinds.items() for column in named.split()}
    return Table(name, {column: by_column.get(column, "integer") for column in columns.split()})


_KINDS = {
    "version": {"numbers": "vid rid valid_to"},
    "body": {"numbers": "vid", "bytes": "bytes"},
    "change_log": {"numbers": "position vid"},
    "tok": {"numbers": "h vid"},
    "ref": {"numbers": "target vid"},
    "str": {"texts": "folded", "numbers": "vid exact"},
    "dat": {"numbers": "low high vid"},
    "num": {"reals": "low high", "numbers": "vid"},
    "uri": {"texts": "text", "numbers": "vid"},
    "pair": {"reals": "low high", "numbers": "h vid"},
    "geo": {"reals": "latitude longitude", "numbers": "cell vid"},
}

TABLES: tuple[Table, ...] = (
    _table("tenant", "tenant name secret", texts="name", bytes="secret"),
    _table("name", "tenant id text", texts="text"),
    _table("dictionary", "tenant id type bodies bytes", bytes="bytes"),
    _table("index_state", "tenant type parameter fingerprint generation state done_to done",
           texts="type parameter fingerprint state", numbers="done_to done"),
    _table("tx", "tenant tx last state cause", texts="cause", numbers="tx last"),
    _table("head", "tenant rid type id vid ver op", texts="id", numbers="rid vid"),
    *(_table(name, " ".join(COLUMNS[name]), **kinds) for name, kinds in _KINDS.items()),
    _table("erasure", "tenant id subject begun ended resources versions rows digest",
           texts="id", numbers="subject begun ended resources versions rows", bytes="digest"),
    _table("once", "tenant scope key until", texts="scope key", numbers="until"),
    _table("pruned", "tenant vid", numbers="vid"),
    _table("matched", "tenant vid", numbers="vid"),
    _table("subscription_event", "tenant subscription number vid topic focus version_id recorded patient "
           "interaction", texts="subscription topic focus version_id patient interaction",
           numbers="number vid recorded"),
    _table("cursor", "tenant subscription delivered_to inflight_from inflight_to attempt next_at status failing_since "
           "last_sent error", texts="subscription status error",
           numbers="delivered_to inflight_from inflight_to next_at failing_since last_sent"),
    _table("dead_letter", "tenant subscription number recorded reason",
           texts="subscription reason", numbers="number recorded"),
    _table("replay", "tenant id subscription first last recorded delivered_to endpoint requested_by status error",
           texts="id subscription endpoint requested_by status error", numbers="first last recorded delivered_to"),
    _table("attempt", "tenant subscription serial first last attempt started milliseconds outcome code body_hash "
           "detail", texts="subscription outcome body_hash detail", numbers="serial first last started milliseconds"),
)  # fmt: skip
"""In the order in which they are carried."""
