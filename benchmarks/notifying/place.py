"""Where a hub of the benchmark keeps its record."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and a database where that is apart.

    Attributes:
        folder: For settings, keys, and the record on SQLite.
        url: Of a PostgreSQL database; empty for SQLite.
        database: Process of the PostgreSQL server.
    """

    folder: Path
    url: str = ""
    database: int = 0
