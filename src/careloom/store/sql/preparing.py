"""A resource made ready to be written, outside the writer's turn: its index rows and its packed body.

What takes time is done here, on whatever thread the caller has; in the turn a prepared resource gets its vid and goes
into the batch. Numbers of texts that nobody has used yet can only be given in a turn: the rows are then made there.
"""

from dataclasses import dataclass

from careloom.model import Resource
from careloom.store.bodies import Bodies
from careloom.store.port import Prepared
from careloom.store.sql.elements import Elements, Lasting, always, never, texts_of
from careloom.store.sql.names import UNKNOWN
from careloom.store.sql.postings import Number, Rows


@dataclass(frozen=True, slots=True)
class Indexed(Prepared):
    """A resource with all that is written of it but what only the turn knows.

    Attributes:
        rows: What it is found by; None where a text has no number yet.
        shape: Number of its shape; of no meaning without rows.
        dictionary: Compression dictionary of the body.
        packed: The body.
    """

    rows: Rows | None
    shape: int
    dictionary: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Preparation:
    """What it takes to prepare a resource."""

    elements: Elements
    bodies: Bodies

    def prepare(self, resource: Resource, id: str, number: Number, *, is_lasting: Lasting = always) -> Indexed:
        """The resource under an id, with its rows if all its texts have numbers.

        Args:
            resource: As parsed JSON.
            id: Its logical id.
            number: Gives the number of a text, or `careloom.store.sql.names.UNKNOWN`.
            is_lasting: Whether the numbers given so far are committed.
        """
        identified = resource if resource.get("id") == id else {**resource, "id": id}
        texts, body = texts_of(identified)
        dictionary, packed = self.bodies.pack_text(identified["resourceType"], body)
        known = _numbered(number)
        try:
            found, shape = self.elements.rows(identified, texts, known, is_lasting=is_lasting)
            return Indexed(identified, id, found, known(shape), dictionary, packed)
        except _UnknownTextError:
            return Indexed(identified, id, None, UNKNOWN, dictionary, packed)

    def rows(self, resource: Resource, number: Number) -> tuple[Rows, int]:
        """The rows, and the number of the shape, in a turn."""
        found, shape = self.elements.rows(resource, texts_of(resource)[0], number, is_lasting=never)
        return found, number(shape)


class _UnknownTextError(Exception):
    """A text without a number was met."""


def _numbered(number: Number) -> Number:
    def known(text: str) -> int:
        found = number(text)
        if found == UNKNOWN:
            raise _UnknownTextError
        return found

    return known
