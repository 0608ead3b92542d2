"""The whole search index made again from the contents, for when the check says that it is not what it should be."""

from collections.abc import Callable

from careloom.search import SearchParameters
from careloom.store.sql.batch import Batch
from careloom.store.sql.frames import AFTER, NO_FRAME, PREFIX
from careloom.store.sql.tables import POSTINGS
from careloom.store.upkeep.databases import Database
from careloom.store.upkeep.records import records

_VERSIONS_AT_ONCE = 1_000


def reindex(database: Database, parameters: SearchParameters, tell: Callable[[int], None] = lambda done: None) -> int:
    """Drop all index rows and make them again, in the transaction that is open; each version has its own then.

    Args:
        database: Open for writing, with nobody else writing.
        parameters: What resources are to be found by.
        tell: Hears how many versions are done.

    Returns:
        How many versions were indexed.
    """
    for table in POSTINGS:
        database.clear(table)
    database.connection.execute("DELETE FROM name WHERE text >= ? AND text < ?", (PREFIX, AFTER))
    done = 0
    for record in records(database, parameters):
        batch = Batch(record.number, database.dialect)
        for kept in record.versions():
            rows, shape = record.rows(kept)
            batch.add_postings(kept.vid, rows)
            if (shape, NO_FRAME) != (kept.shape, kept.frame):
                database.connection.execute(
                    "UPDATE version SET shape = ?, frame = ? WHERE tenant = ? AND vid = ?",
                    (shape, NO_FRAME, record.number, kept.vid),
                )
            done += 1
            if done % _VERSIONS_AT_ONCE == 0:
                batch.write(database.connection)
                tell(done)
        batch.write(database.connection)
    return done
