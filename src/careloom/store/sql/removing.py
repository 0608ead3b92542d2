"""Versions taken out of the record with all that they are found by.

The rows of a version are not listed anywhere; they are worked out again from its body, as when it was written, and
deleted by their keys.
"""

from collections.abc import Iterable, Mapping, Sequence

from careloom.model.records import dataclass
from careloom.store.sql.batch import laid_out
from careloom.store.sql.dialect import Connection, Dialect, Row
from careloom.store.sql.names import WriterNames
from careloom.store.sql.tenancy import Tenancy
from careloom.store.sql.text import one_of

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Remover:
    """Takes versions out, in a turn.

    Attributes:
        connection: The writer's.
        dialect: The database.
        tenancy: The tenant.
        names: The names as the writer sees them.
    """

    connection: Connection
    dialect: Dialect
    tenancy: Tenancy
    names: WriterNames

    def postings(self, vids: Sequence[int]) -> int:
        """Delete the index rows of some versions; how many there were."""
        return sum(self.rows(self._laid_out(vids[start : start + _AT_ONCE])) for start in range(0, len(vids), _AT_ONCE))

    def versions(self, vids: Sequence[int]) -> int:
        """Delete some versions whole: index rows, bodies, rows of the change log; how many rows there were."""
        rows = self.postings(vids)
        for start in range(0, len(vids), _AT_ONCE):
            part = vids[start : start + _AT_ONCE]
            for table in ("body", "change_log", "version"):
                rows += self._delete(table, part)
        return rows

    def _laid_out(self, vids: Iterable[int]) -> dict[str, list[Row]]:
        """The index rows of some versions by table: what lies together is taken out together."""
        together: dict[str, list[Row]] = {}
        for vid in vids:
            for table, rows in self._of(vid).items():
                together.setdefault(table, []).extend(rows)
        return together

    def _of(self, vid: int) -> dict[str, list[Row]]:
        row = self.connection.execute(
            "SELECT body.dictionary, body.bytes, version.frame FROM body "
            "JOIN version ON version.tenant = body.tenant AND version.vid = body.vid "
            "WHERE body.tenant = ? AND body.vid = ?",
            (self.tenancy.number, vid),
        ).fetchone()
        if row is None:
            return {}
        resource = self.tenancy.bodies.unpack(row[0], row[1])
        rows, _ = self.tenancy.preparation.rows(resource, self._number, row[2])
        return laid_out(self.tenancy.number, vid, rows)

    def _number(self, text: str) -> int:
        return self.names.number(self.connection, text)

    def rows(self, rows: Mapping[str, list[Row]]) -> int:
        """Delete index rows, laid out with their tenant and vid; how many there were."""
        deleted = 0
        for table, found in rows.items():
            if table == "fts":
                self.dialect.forget_words(self.connection, found)
                deleted += len(found)
            elif found:
                deleted += self.dialect.remove(self.connection, table, found)
        return deleted

    def _delete(self, table: str, vids: Iterable[int]) -> int:
        some = one_of("vid", vids)
        return self.connection.execute(
            f"DELETE FROM {table} WHERE tenant = ? AND {some.text}", (self.tenancy.number, *some.values)
        ).rowcount
