"""The record in one SQLite file, with no server to set up."""

from careloom.store.sqlite.repository import SqliteRepository, open_sqlite

__all__ = ["SqliteRepository", "open_sqlite"]
