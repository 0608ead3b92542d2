"""What a resource is found by, element by element, remembered.

Records say the same things again and again: the same codes, statuses, units, the same subject in each entry of a
bundle. What one top-level element adds to the index depends on that element alone, so it is worked out once for each
distinct text of it and then looked up by that text. Elements whose values stand together in a composite are looked up
together; what cannot be told apart so is worked out from the whole resource each time.

Source of the values is `careloom.search.index.gather`, on a resource that has nothing but the element.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from careloom.model import Resource, serialize_json
from careloom.search.index import gather
from careloom.search.registry import SearchParameters
from careloom.store.hashing import Hash, remembering
from careloom.store.sql.covering import Covers
from careloom.store.sql.frames import FRAMED, frame_of, framed
from careloom.store.sql.keys import shape_text
from careloom.store.sql.layouts import Layout, Ways, layout_of
from careloom.store.sql.likeness import Likeness
from careloom.store.sql.postings import Finding, Number
from careloom.store.sql.shares import Found, Share, atoms_of, joined, united
from careloom.store.sql.tables import Rows

_MOST_SHAPES = 20_000

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

    def found(self, resource: Resource, texts: Mapping[str, bytes], number: Number, *, is_lasting: Lasting) -> Found:
        """The rows of a resource, and the text of its shape.

        Args:
            resource: As parsed JSON.
            texts: Its elements as JSON.
            number: Gives the number of a text.
            is_lasting: Whether the numbers given so far are for ever, so that what is worked out may be remembered.
        """
        shares = self._shares(resource, texts, number, is_lasting)
        frame = frame_of(share.common for share in shares) if resource["resourceType"] in FRAMED else None
        return Found(united(shares), self._shape(shares), frame)

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
    ) -> list[Share]:
        layout = self._layout(resource["resourceType"])
        if "contained" in resource:  # a reference to what is contained depends on two elements
            return [self._worked_out(resource, layout.all, number)]
        by_key = layout.by_key
        shares: list[Share] = []
        for key, text in texts.items():
            ways = by_key.get(key) or layout.ways(key)
            shares.append(ways.known.get(text) or self._learnt(resource, number, is_lasting, ways, (key,), text))
        for group in layout.groups:
            keys = tuple(key for key in texts if key in group.keys)
            if len(keys) >= group.least:
                text = b"\n".join([key.encode() + b":" + texts[key] for key in keys])
                ways = group.ways
                shares.append(ways.known.get(text) or self._learnt(resource, number, is_lasting, ways, keys, text))
        if layout.whole.ways or not texts:
            shares.append(self._worked_out(resource, layout.whole, number))
        return shares

    def _learnt(  # noqa: PLR0917  all that a share depends on
        self, resource: Resource, number: Number, is_lasting: Lasting, ways: Ways, keys: tuple[str, ...], text: bytes
    ) -> Share:
        """The share of some elements, worked out, and remembered if that can be."""
        part = {"resourceType": resource["resourceType"], **{key: resource[key] for key in keys}}
        value = part[keys[0]] if len(keys) == 1 else None
        if value.__class__ is list and len(value) > 1 and ways.is_plain:
            type, key = part["resourceType"], keys[0]
            found = joined([self._item(type, number, is_lasting, ways, key, item) for item in value])
        elif value is not None and ways.is_indifferent:
            found = self._likened(part, number, is_lasting, ways, keys[0])
        else:
            found = self._worked_out(part, ways, number)
        if is_lasting():
            ways.known.keep(text, found)
        return found

    def _item(  # noqa: PLR0917  as above
        self, type: str, number: Number, is_lasting: Lasting, ways: Ways, key: str, item: Any
    ) -> Share:
        """The share of an item of a list: that of the list with nothing else in it."""
        text = b"[" + serialize_json(item) + b"]"
        known = ways.known.get(text)
        if known is None:
            part = {"resourceType": type, key: [item]}
            if ways.is_indifferent:
                known = self._likened(part, number, is_lasting, ways, key)
            else:
                known = self._worked_out(part, ways, number)
            if is_lasting():
                ways.known.keep(text, known)
        return known

    def _likened(self, part: Resource, number: Number, is_lasting: Lasting, ways: Ways, key: str) -> Share:
        """The share of an element, by what was worked out for another like it where that will do."""
        value = part[key]
        is_listed = value.__class__ is list
        if is_listed and len(value) != 1:
            return self._worked_out(part, ways, number)

        def work_out(each: Any, hash_of: Hash | None) -> Share:
            return self._worked_out({**part, key: [each] if is_listed else each}, ways, number, hash_of)

        place = part["resourceType"], key, is_listed
        return self._likeness.share(place, value[0] if is_listed else value, work_out, is_lasting=is_lasting())

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
