"""The section ``[store]``: which database holds the record.

``careloom db`` reads this section and ``[hub]`` alone, so that it works on a hub whose other settings are wrong.
"""

from pathlib import Path

from careloom.settings.tables import Table
from careloom.store.source import SQLITE, StoreSource

_USUAL = StoreSource("")


def read_store(root: Table, database: Path) -> StoreSource:
    """The section of a settings file; what is wrong with it becomes a complaint.

    Args:
        root: The whole file.
        database: ``hub.database``, the SQLite file where the section names no other.
    """
    with root.table("store") as store:
        source = StoreSource(
            url=store.text("url", f"{SQLITE}{database}"),
            password=store.secret("password_file"),
            readers=store.whole("readers", _USUAL.readers, least=1, most=1_000),
            statement_timeout=store.seconds("statement_timeout", _USUAL.statement_timeout),
            lock_timeout=store.seconds("lock_timeout", _USUAL.lock_timeout),
            standstill_timeout=store.seconds("standstill_timeout", _USUAL.standstill_timeout),
            folder=root.complaints.file.parent,
        )
        store.attempt("url", source.check, None)
        return source
