"""How far back the newest rows of a table reach, so many of them: remembered for a moment, since many searches ask.

What is remembered bounds how much a search reads, never what it finds; so it need not be of this very moment.
"""

from collections.abc import Callable

from careloom.store.sql.text import Sql

FRESH = 1_000_000 << 10
"""By how much the newest vid may have grown since: a second."""

_REMEMBERED = 1_000

Key = tuple[str, Sql, int]
"""A table as it stands behind FROM, which of its rows, and how many of them."""


class Reaches:
    """The vids behind so many of the newest rows of tables; shared by all readers of a tenant."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[int, int | None]] = {}

    def of(self, key: Key, newest: int, look: Callable[[], int | None]) -> int | None:
        """The vid behind so many rows.

        Args:
            key: Of which rows.
            newest: The newest vid there is.
            look: Finds it; None where there are not so many rows.
        """
        known = self._known.get(key)
        if known is None or not 0 <= newest - known[0] <= FRESH:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = newest, look()
        return known[1]
