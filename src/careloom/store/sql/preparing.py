"""A resource made ready to be written, outside the writer's turn: its index rows and its packed body.

What takes time is done here, on whatever thread the caller has; in the turn a prepared resource gets its vid and goes
into the batch. Numbers of texts that nobody has used yet can only be given in a turn: the rows are then made there.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.model.room import ROOM
from careloom.store.audit_form import AuditForm
from careloom.store.bodies import Bodies
from careloom.store.port import InForce, Prepared
from careloom.store.sql.blanks import TYPE
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Lasting, always, never
from careloom.store.sql.frames import NO_FRAME
from careloom.store.sql.names import UNKNOWN
from careloom.store.sql.outlines import Outlines
from careloom.store.sql.postings import Number, Rows
from careloom.store.sql.shares import Found

_TOGETHER: Final = 256
"""Resources whose bodies are packed together: so many may be there unpacked."""


@dataclass(frozen=True, slots=True)
class Indexed(Prepared):
    """A resource with all that is written of it but what only the turn knows.

    Attributes:
        rows: What it is found by; None where a text has no number yet.
        shape: Number of its shape; of no meaning without rows.
        frame: Number of its frame; of no meaning without rows.
        dictionary: Compression dictionary of the body.
        packed: The body.
    """

    rows: Rows | None
    shape: int
    frame: int
    dictionary: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class _Draft:
    """The same before its body is packed: with the body, and the type that it is packed as."""

    content: Resource | AuditForm
    id: str
    rows: Rows | None
    shape: int
    frame: int
    type: str
    body: bytes

    def packed(self, by: InForce | None, dictionary: int, packed: bytes) -> Indexed:
        """The resource, packed."""
        return Indexed(self.content, self.id, self.rows, self.shape, self.frame, dictionary, packed, by=by)


@dataclass(frozen=True, slots=True)
class Preparation:
    """What it takes to prepare a resource.

    Attributes:
        outlines: Makes index rows and bodies.
        bodies: Packs bodies.
        by: The index that the rows are made by, where that may change before they are written.
    """

    outlines: Outlines
    bodies: Bodies
    by: InForce | None = None

    def prepare(
        self,
        resource: Resource | AuditForm,
        id: str,
        number: Number,
        *,
        find: Number | None = None,
        is_lasting: Lasting = always,
    ) -> Indexed:
        """The resource under an id, with its rows if all its texts have numbers.

        Args:
            resource: As parsed JSON, or a form.
            id: Its logical id; that of the form.
            number: Gives the number of a text, or `careloom.store.sql.names.UNKNOWN`.
            find: Gives the number of a text that has one already, else `careloom.store.sql.names.UNKNOWN`; without it
                all rows are the resource's own.
            is_lasting: Whether the numbers given so far are committed.
        """
        drafted = self._drafted(resource, id, number, find, is_lasting)
        return drafted.packed(self.by, *self.bodies.pack_text(drafted.type, drafted.body))

    def prepare_many(self, resources: Iterable[tuple[Resource, str]], find: Number) -> list[Prepared]:
        """Resources under their ids, by texts that have a number already."""
        made: list[Prepared] = []
        left = iter(resources)
        while drafts := [self._drafted(each, id, find, find, always) for each, id in islice(left, _TOGETHER)]:
            packed = self.bodies.pack_texts([(draft.type, draft.body) for draft in drafts])
            both = ROOM.paced(zip(drafts, packed, strict=True))
            made += [draft.packed(self.by, *each) for draft, each in both]
        return made

    def _drafted(
        self, resource: Resource | AuditForm, id: str, number: Number, find: Number | None, is_lasting: Lasting
    ) -> "_Draft":
        content = resource if isinstance(resource, AuditForm) or resource.get("id") == id else {**resource, "id": id}
        known = _numbered(number)
        try:
            found, body = self.outlines.found(content, known, is_lasting)
            shape = known(found.shape)
            frame = NO_FRAME if find is None or found.frame is None else _numbered(find)(found.frame.name)
        except _UnknownTextError:
            written = content.written_out() if isinstance(content, AuditForm) else content
            return _Draft(written, id, None, UNKNOWN, NO_FRAME, written["resourceType"], texts_of(written)[1])
        rows = found.whole if frame == NO_FRAME else found.rows
        type = TYPE if isinstance(content, AuditForm) else content["resourceType"]
        return _Draft(content, id, rows, shape, frame, type, body)

    def found(self, resource: Resource, number: Number) -> Found:
        """What the resource is found by, in a turn."""
        return self.outlines.elements.found(resource, texts_of(resource)[0], number, is_lasting=never)

    def rows(self, resource: Resource, number: Number, frame: int = NO_FRAME) -> tuple[Rows, int]:
        """The rows of its own that a version of a frame has, and the number of its shape, in a turn."""
        found = self.found(resource, number)
        return found.rows if frame else found.whole, number(found.shape)


class _UnknownTextError(Exception):
    """A text without a number was met."""


def _numbered(number: Number) -> Number:
    def known(text: str) -> int:
        found = number(text)
        if found == UNKNOWN:
            raise _UnknownTextError
        return found

    return known
