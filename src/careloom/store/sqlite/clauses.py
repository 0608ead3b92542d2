"""What a condition becomes in SQL: how to test a candidate, and how to find candidates."""

import sqlite3
from dataclasses import dataclass

from careloom.store.hashing import Hash
from careloom.store.sqlite.names import Names
from careloom.store.sqlite.sql import Sql


@dataclass(frozen=True, slots=True)
class Run:
    """Rows under one key of a postings table, in the order of their vid."""

    table: str
    where: Sql


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in SQL.

    Attributes:
        probe: Whether a version ``v`` meets it.
        source: Selects the vid of each version that meets it, some of them twice; None if it cannot.
        run: The same as one run of a key; None if it takes more than that.
    """

    probe: Sql
    source: Sql | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What turns texts into the numbers that rows hold."""

    connection: sqlite3.Connection
    names: Names
    hash_of: Hash

    @property
    def tenant(self) -> int:
        """Number of the tenant."""
        return self.names.tenant

    def number(self, text: str) -> int:
        """The number of a text; one that no row holds if it has none."""
        return self.names.find(self.connection, text)
