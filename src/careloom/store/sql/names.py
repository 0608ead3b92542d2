"""Small numbers for texts that come again and again: types, parameters, systems, units.

A number, once committed, is for ever; so what was read once is remembered. What the writer adds in a unit that is then
undone must be forgotten again, or its rows would use numbers that mean nothing.
"""

from collections.abc import Collection

from careloom.store.sql.dialect import Connection
from careloom.store.sql.statements import load_statements

_SQL = load_statements("record.sql")
_REMEMBERED = 50_000

NO_NAME = 0
"""Stands for the empty text."""

UNKNOWN = -2
"""Stands for a text that no row mentions."""

MOST_FRAMES = 10_000
"""New frames (`careloom.store.sql.frames`) in the life of a process: what a stranger says may be in one."""


class Names:
    """The names of one tenant as committed; shared by all readers."""

    def __init__(self, tenant: int) -> None:
        self.tenant = tenant
        self._ids: dict[str, int] = {"": NO_NAME}
        self._texts: dict[int, str] = {NO_NAME: ""}

    def find(self, connection: Connection, text: str) -> int:
        """The number of a text; `UNKNOWN` when it has none."""
        known = self._ids.get(text)
        if known is not None:
            return known
        row = connection.execute(_SQL["find_name"], {"tenant": self.tenant, "text": text}).fetchone()
        return self._remember(text, row[0]) if row else UNKNOWN

    def among(self, statement: str, texts: Collection[str]) -> tuple[str, dict[str, str]]:
        """A statement with ``IN (:numbers)`` and ``IN (:texts)`` for those of some texts.

        Numbers stand for the texts whose numbers are known; those of the others are left to the database to find.

        Returns:
            The statement, and the texts by the names of their parameters.
        """
        numbers = [UNKNOWN, *sorted(self._ids[text] for text in texts if text in self._ids)]
        unknown = {f"text{place}": text for place, text in enumerate(sorted(set(texts) - self._ids.keys()))}
        named = ", ".join(["NULL", *(f":{name}" for name in unknown)])
        return statement.replace(":numbers", ", ".join(map(str, numbers))).replace(":texts", named), unknown

    def text(self, connection: Connection, id: int) -> str:
        """The text behind a number that a row holds."""
        if id not in self._texts:
            (text,) = connection.execute(_SQL["text_of_name"], {"tenant": self.tenant, "id": id}).fetchone()
            self._remember(text, id)
            return str(text)
        return self._texts[id]

    def _remember(self, text: str, id: int) -> int:
        if len(self._ids) < _REMEMBERED:
            self._ids[text] = id
            self._texts[id] = text
        return id


class WriterNames(Names):
    """The names as the writer's transaction sees them; it adds what is missing.

    Attributes:
        are_kept: Whether all of them are committed, so that their numbers are for ever.
        described: Types of which ``index_state`` tells; fewer than there are when a unit is undone.
    """

    def __init__(self, tenant: int) -> None:
        super().__init__(tenant)
        self._added: list[str] = []
        self._frames_left = MOST_FRAMES
        self.are_kept = True
        self.described: set[str] = set()

    def number(self, connection: Connection, text: str) -> int:
        """The number of a text, a new one if need be."""
        found = self.find(connection, text)
        if found != UNKNOWN:
            return found
        (id,) = connection.execute(_SQL["add_name"], {"tenant": self.tenant, "text": text}).fetchone()
        self._added.append(text)
        self.are_kept = False
        return self._remember(text, int(id))

    def claim_frame(self) -> bool:
        """Whether one more frame may be named, which counts from then on."""
        self._frames_left -= 1
        return self._frames_left >= 0

    def begin(self) -> None:
        """Begin a unit: what is added from here on is forgotten by `undo_unit`."""
        self._added.clear()

    def undo_unit(self) -> None:
        """Forget what the unit added."""
        for text in self._added:
            self._texts.pop(self._ids.pop(text, UNKNOWN), None)
        self._added.clear()
        self.described.clear()

    def keep_group(self) -> None:
        """All that was added is committed."""
        self.are_kept = True

    def undo_group(self) -> None:
        """Forget everything: some of it may have been added by a group that was undone."""
        self._ids = {"": NO_NAME}
        self._texts = {NO_NAME: ""}
        self._added.clear()
        self.described.clear()
        self.are_kept = True
