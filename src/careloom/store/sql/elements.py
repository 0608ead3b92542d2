"""What a resource is found by, element by element, remembered.

Records say the same things again and again: the same codes, statuses, units, the same subject in each entry of a
bundle. What one top-level element adds to the index depends on that element alone, so it is worked out once for each
distinct text of it and then looked up by that text. Elements whose values stand together in a composite are looked up
together; what cannot be told apart so is worked out from the whole resource each time.

Source of the values is `careloom.search.index.gather`, on a resource that has nothing but the element.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from careloom.model import Resource
from careloom.model.room import ROOM
from careloom.search.index import gather
from careloom.search.registry import SearchParameters
from careloom.store.hashing import Hash, remembering
from careloom.store.sql.covering import Covers
from careloom.store.sql.element_texts import json_of
from careloom.store.sql.frames import FRAMED, Frame, frame_of, framed
from careloom.store.sql.keys import shape_text
from careloom.store.sql.layouts import Layout, Ways, layout_of
from careloom.store.sql.likeness import Likeness
from careloom.store.sql.postings import Finding, Number
from careloom.store.sql.remembered import Remembered
from careloom.store.sql.shares import Found, Share, atoms_of, joined, united
from careloom.store.sql.sums import Sum, sum_of
from careloom.store.sql.tables import Rows

_MOST_SHAPES = 20_000
_MOST_SUMS = 1_000

MANY = 1_000
"""Items of a list between which a large request makes room for small ones; no small one has so many."""

Lasting = Callable[[], bool]


def always() -> bool:
    """Numbers that are committed."""
    return True


def never() -> bool:
    """Numbers that may be undone."""
    return False


class Elements:
    """The index rows of resources.

    Args:
        registry: Search parameters.
        hash_of: Hash of the tenant.
        covers: What covers what; by the registry alone by default.
    """

    def __init__(self, registry: SearchParameters, hash_of: Hash, covers: Covers | None = None) -> None:
        self._registry = registry
        self._hash_of = remembering(hash_of)
        self._likeness = Likeness(hash_of, registry.zone)
        self.covers = covers or Covers(registry)
        self._layouts: dict[str, Layout] = {}
        self._shapes: dict[tuple[frozenset[str], ...], str] = {}
        self._sums: Remembered[tuple[Any, ...], Sum] = Remembered(_MOST_SUMS)

    def found(self, resource: Resource, texts: Mapping[str, bytes], number: Number, *, is_lasting: Lasting) -> Found:
        """The rows of a resource, and the text of its shape.

        Args:
            resource: As parsed JSON.
            texts: Its elements as JSON.
            number: Gives the number of a text.
            is_lasting: Whether the numbers given so far are for ever, so that what is worked out may be remembered.
        """
        shares, is_known = self._shares(resource, texts, number, is_lasting)
        if not is_known:
            return Found(united(shares), self._shape(shares), _frame(resource, shares))
        company = tuple([share.like or share for share in shares])
        known = self._sums.get(company)
        if known is None:
            known = sum_of(shares, self._shape(shares), _frame(resource, shares))
            self._sums.keep(company, known)
        return known.found(shares)

    def with_hash(self, hash_of: Hash) -> "Elements":
        """The same by another hash."""
        return Elements(self._registry, hash_of, self.covers)

    def is_indifferent(self, type: str) -> bool:
        """Whether the rows of a type are made alike whatever addresses, identifiers and dates a resource holds."""
        return self._layout(type).all.is_indifferent

    def rows_by(self, codes: Collection[str], resource: Resource, number: Number) -> Rows:
        """The rows of some parameters alone."""
        ways = tuple(way for way in self._layout(resource["resourceType"]).all.ways if way.parameter.code in codes)
        share = self._worked_out(resource, Ways(ways), number)
        return Found(dict(share.rows), "", frame_of([share.common])).whole

    def _shares(
        self, resource: Resource, texts: Mapping[str, bytes], number: Number, is_lasting: Lasting
    ) -> tuple[list[Share], bool]:
        """What each element adds, and whether all of it was met before, or is like what was."""
        layout = self._layout(resource["resourceType"])
        if "contained" in resource:  # a reference to what is contained depends on two elements
            return [self._worked_out(resource, layout.all, number)], False
        by_key = layout.by_key
        shares: list[Share] = []
        is_known = True
        for key, text in texts.items():
            ways = by_key.get(key) or layout.ways(key)
            share = ways.known.get(text)
            if share is None:
                share = self._learnt(resource, number, is_lasting, ways, key, text)
                is_known = is_known and share.like is not None
            shares.append(share)
        for group in layout.groups:
            keys = tuple(key for key in texts if key in group.keys)
            if len(keys) >= group.least:
                text = b"\n".join([key.encode() + b":" + texts[key] for key in keys])
                share = group.ways.known.get(text)
                if share is None:
                    part = {"resourceType": resource["resourceType"], **{key: resource[key] for key in keys}}
                    share = self._kept(group.ways, text, self._worked_out(part, group.ways, number), is_lasting)
                    is_known = False
                shares.append(share)
        if layout.whole.ways or not texts:
            shares.append(self._worked_out(resource, layout.whole, number))
            is_known = False
        return shares, is_known

    def _learnt(  # noqa: PLR0917  all that a share depends on
        self, resource: Resource, number: Number, is_lasting: Lasting, ways: Ways, key: str, text: bytes
    ) -> Share:
        """The share of an element, worked out, and remembered if that can be."""
        type, value = resource["resourceType"], resource[key]
        if value.__class__ is list and len(value) > 1 and ways.is_plain:
            items = ROOM.paced(value) if len(value) >= MANY else value
            found = joined([self._item(type, number, is_lasting, ways, key, item) for item in items])
        else:
            found = self._likened(type, number, is_lasting, ways, key, text, value)
        return self._kept(ways, text, found, is_lasting)

    def _item(  # noqa: PLR0917  as above
        self, type: str, number: Number, is_lasting: Lasting, ways: Ways, key: str, item: Any
    ) -> Share:
        """The share of an item of a list: that of the list with nothing else in it."""
        text = b"[" + json_of(item) + b"]"
        known = ways.known.get(text)
        if known is None:
            found = self._likened(type, number, is_lasting, ways, key, text, [item])
            known = self._kept(ways, text, found, is_lasting)
        return known

    @staticmethod
    def _kept(ways: Ways, text: bytes, share: Share, is_lasting: Lasting) -> Share:
        if is_lasting():
            ways.known.keep(text, share)
        return share

    def _likened(  # noqa: PLR0917  as above
        self, type: str, number: Number, is_lasting: Lasting, ways: Ways, key: str, text: bytes, value: Any
    ) -> Share:
        """The share of an element, by what was worked out for another like it where that will do."""

        def work_out(each: Any, hash_of: Hash | None = None) -> Share:
            return self._worked_out({"resourceType": type, key: each}, ways, number, hash_of)

        if not ways.is_indifferent:
            return work_out(value)
        return self._likeness.share(f"{type}.{key}", text, value, work_out, is_lasting=is_lasting())

    def _worked_out(self, part: Resource, ways: Ways, number: Number, hash_of: Hash | None = None) -> Share:
        type = part["resourceType"]
        found = Finding(type, hash_of or self._hash_of, number, self.covers.of(type), self.covers.own, framed(type))
        gather(part, ways.ways, ways.texts, found)
        rows = tuple((table, list(each)) for table, each in found.rows.items() if each)
        return Share(rows, found.words, found.atoms(), tuple(found.common))

    def _shape(self, shares: list[Share]) -> str:
        by_share = tuple(map(atoms_of, shares))
        known = self._shapes.get(by_share)
        if known is None:
            known = shape_text(frozenset().union(*by_share))
            if len(self._shapes) < _MOST_SHAPES:
                self._shapes[by_share] = known
        return known

    def _layout(self, type: str) -> Layout:
        known = self._layouts.get(type)
        if known is None:
            known = self._layouts[type] = layout_of(type, self._registry, self.covers)
        return known


def _frame(resource: Resource, shares: list[Share]) -> Frame | None:
    return frame_of(share.common for share in shares) if resource["resourceType"] in FRAMED else None
