"""What a receiver remembers: the number of the last event it took, of each subscription."""

import sqlite3
from pathlib import Path
from typing import Protocol


class Memory(Protocol):
    """Where the last number is kept; one that lasts, if events must not be taken twice after a crash."""

    def last(self, subscription: str) -> int | None:
        """The number of the last event taken; None before the first word of a subscription."""
        ...

    def remember(self, subscription: str, number: int) -> None:
        """Keep the number of an event that was taken."""
        ...


class VolatileMemory:
    """Remembers as long as the process lives; for tests, and for those who keep the number themselves."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def last(self, subscription: str) -> int | None:
        """As in `Memory`."""
        return self._numbers.get(subscription)

    def remember(self, subscription: str, number: int) -> None:
        """As in `Memory`."""
        self._numbers[subscription] = number


class FileMemory:
    """Remembers in a file of SQLite, durably.

    Raises:
        OSError: The file cannot be opened or written; the event counts as not taken, and comes again.
    """

    def __init__(self, path: Path | str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS told (subscription TEXT PRIMARY KEY, number INTEGER NOT NULL)"
        )

    def last(self, subscription: str) -> int | None:
        """As in `Memory`."""
        row = self._database.execute("SELECT number FROM told WHERE subscription = ?", (subscription,)).fetchone()
        return None if row is None else int(row[0])

    def remember(self, subscription: str, number: int) -> None:
        """As in `Memory`."""
        self._database.execute(
            "INSERT INTO told VALUES (?, ?) ON CONFLICT (subscription) DO UPDATE SET number = excluded.number",
            (subscription, number),
        )

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
