"""What audit records of one kind have alike, and the blanks in which they differ.

A client that reads a thousand resources leaves a thousand records that differ in when it was, what was read, of whom,
and in the id of the request. Such a record is an outline that is filled in: its index rows are those of the outline
with the hashes of what stands in the blanks, and so is its body. So a record of a kind that was met before is neither
written as JSON nor gone through by the search parameters.

An outline is learned from what the general way makes of a stand-in, a made-up record of the kind. Whether the rows
depend on the blanks in no other way is not supposed but tried out, on the record that it is learned from.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final

from careloom.model import Resource
from careloom.model.records import replace
from careloom.store.audit_form import AuditForm
from careloom.store.hashing import Hash
from careloom.store.sql.blanks import (
    MOST_ITEMS,
    SOME_INSTANT,
    STAND_IN,
    TYPE,
    Outlined,
    filled_in,
    outlined_form,
    outlined_of,
    stand_in,
)
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Elements, Lasting, always
from careloom.store.sql.listing import Listed, ListOutline, list_outline_of, listed_form
from careloom.store.sql.outline import Outline, alike, outline_of
from careloom.store.sql.postings import Number
from careloom.store.sql.shares import Found

MOST = 1_000
"""Outlines that are known at a time."""

_UNTRIED = object()


class Outlines:
    """The outlines of the records met so far.

    Args:
        elements: The general way.
        hash_of: Hash of the tenant; not one that remembers, since what is in blanks seldom comes again.

    Attributes:
        elements: As given.
    """

    def __init__(self, elements: Elements, hash_of: Hash) -> None:
        self.elements = elements
        self._hash_of = hash_of
        self._hashed: dict[int, tuple[str, ...]] = {}
        self._standing_in: Elements | None = None
        self._known: dict[Hashable, Any] = {}

    def found(self, resource: Resource | AuditForm, number: Number, is_lasting: Lasting) -> tuple[Found, bytes]:
        """What a resource is found by, and its body.

        Args:
            resource: As parsed JSON, or a form, which is not written out where its kind is known.
            number: Gives the number of a text.
            is_lasting: Whether the numbers given so far are for ever.
        """
        if isinstance(resource, AuditForm) and len(resource.references) > MOST_ITEMS:
            return self._listed(resource, number, is_lasting)
        outlined = self._outlined(resource)
        known = None if outlined is None else self._known.get(outlined.kind)
        if outlined is not None and known.__class__ is Outline:
            return known.filled(outlined, self._hash_of)
        written = resource.written_out() if isinstance(resource, AuditForm) else resource
        made = self._worked_out(self.elements, written, number, is_lasting)
        if outlined is not None and is_lasting():
            self._remember(outlined.kind, known, lambda: self._learned(outlined, written, number, made))
        return made

    def _listed(self, form: AuditForm, number: Number, is_lasting: Lasting) -> tuple[Found, bytes]:
        """The same of a record of many resources."""
        listed = listed_form(form) if self.elements.is_indifferent(TYPE) else None
        known = None if listed is None else self._known.get(listed.outlined.kind)
        if listed is not None and known.__class__ is ListOutline:
            return known.filled(listed, self._hash_of)
        written = form.written_out()
        made = self._worked_out(self.elements, written, number, is_lasting)
        if listed is not None and is_lasting():
            self._remember(listed.outlined.kind, known, lambda: self._learned_list(listed, written, number, made))
        return made

    def _outlined(self, resource: Resource | AuditForm) -> Outlined | None:
        if not self.elements.is_indifferent(TYPE):
            return None
        if isinstance(resource, AuditForm):
            return outlined_form(resource)
        return outlined_of(resource) if resource["resourceType"] == TYPE else None

    @staticmethod
    def _worked_out(elements: Elements, resource: Resource, number: Number, is_lasting: Lasting) -> tuple[Found, bytes]:
        texts, body = texts_of(resource)
        return elements.found(resource, texts, number, is_lasting=is_lasting), body

    def _remember(self, kind: Hashable, known: Any, learned: Callable[[], Any]) -> None:
        """Learn the outline of a kind that is met again; most that are met once never are."""
        if len(self._known) >= MOST:
            self._known.clear()
        if known is None:
            self._known[kind] = _UNTRIED
        elif known is _UNTRIED:
            self._known[kind] = learned() or _NO_OUTLINE

    def _learned(
        self, outlined: Outlined, resource: Resource, number: Number, made: tuple[Found, bytes]
    ) -> Outline | None:
        seen = outlined_of(resource, most=max(MOST_ITEMS, len(outlined.blanks)))
        if seen is None or replace(seen, kind=outlined.kind) != outlined:
            return None  # a form that does not tell what its record does
        if self._standing_in is None:
            self._standing_in = self.elements.with_hash(self._noting)
        blanks = tuple(map(stand_in, range(len(outlined.blanks)), outlined.blanks))
        made_up = filled_in(resource, SOME_INSTANT, blanks)
        found, body = self._worked_out(self._standing_in, made_up, number, always)
        outline = outline_of(found, body, blanks, self._hashed)
        return outline if outline and alike(outline.filled(outlined, self._hash_of), made) else None

    def _learned_list(
        self, listed: Listed, resource: Resource, number: Number, made: tuple[Found, bytes]
    ) -> ListOutline | None:
        """The outline of a shorter record, in which each of some entities may come any number of times."""
        short = listed.shortened(resource)
        outline = self._learned(listed.outlined, short, number, self._worked_out(self.elements, short, number, always))
        found = list_outline_of(outline, listed, short) if outline else None
        return found if found and alike(found.filled(listed, self._hash_of), made) else None

    def _noting(self, *parts: str) -> int:
        """The hash of a stand-in, with a note of what was hashed."""
        hashed = self._hash_of(*parts)
        if any(STAND_IN in part for part in parts):
            self._hashed[hashed] = parts
        return hashed


_NO_OUTLINE: Final = object()
