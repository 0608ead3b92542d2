"""What is wrong with a settings file: every complaint, gathered instead of stopping at the first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from careloom.model.errors import InvalidError
from careloom.model.issues import Issue


class Complaints:
    """What is wrong with one settings file.

    Attributes:
        file: The settings file.
        known: Each key that was asked for, in full, with its default; None where it has none.
    """

    def __init__(self, file: Path, sources: Mapping[str, str] | None = None) -> None:
        """Start with none.

        Args:
            file: The settings file, for messages.
            sources: Key in full to where its value really came from, for values that are not from the file.
        """
        self.file = file
        self.known: dict[str, Any] = {}
        self._sources = sources or {}
        self._issues: list[Issue] = []

    def add(self, key: str, message: str) -> None:
        """Complain about a key, given in full: ``hub.port``."""
        source = f" (from {self._sources[key]})" if key in self._sources else ""
        text = f"{self.file}: {key}{source}: {message}"
        self._issues.append(Issue("error", "invalid", text, expression=key, rule="settings"))

    def raise_if_any(self) -> None:
        """End the reading.

        Raises:
            InvalidError: There was something to complain about; one issue for each.
        """
        if self._issues:
            raise InvalidError("\n".join(issue.diagnostics for issue in self._issues), issues=self._issues)


def told(value: Any) -> str:
    """A value as messages tell it."""
    if isinstance(value, str):
        return f"the text {value[:80]!r}"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {dict: "a table", list: "a list", int: f"the number {value}", float: f"the number {value}"}
    return kinds.get(type(value), str(value))
