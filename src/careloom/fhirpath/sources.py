"""Where in an expression something is, so that an error can say so."""

from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass

_LONGEST_SHOWN = 200
_MARK = " of FHIRPath "


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the text of an expression, ``offset`` counted in characters from 0."""

    text: str
    offset: int

    def malformed(self, message: str) -> MalformedError:
        """The expression cannot be understood."""
        return MalformedError(self._told(message))

    def invalid(self, message: str) -> InvalidError:
        """The expression is understood, but has no meaning for its types or for the data at hand."""
        return InvalidError(self._told(message))

    def placed(self, error: InvalidError) -> InvalidError:
        """An error that was raised while computing, with its place; as it is if it has one already."""
        return error if _MARK in str(error) else self.invalid(str(error))

    def _told(self, message: str) -> str:
        before = self.text[: self.offset]
        line = before.count("\n") + 1
        column = self.offset - (before.rfind("\n") + 1) + 1
        shown = self.text if len(self.text) <= _LONGEST_SHOWN else f"{self.text[:_LONGEST_SHOWN]}…"
        return f"{message}, at line {line}, column {column}{_MARK}{shown!r}"
