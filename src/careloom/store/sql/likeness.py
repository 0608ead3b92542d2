"""What items of a list add that are alike but for where one reference leads.

An audit record of a bundle has an entity for each resource, a group one member for each patient: the same again and
again, each with another address. Their rows are the same, too, but for the hashes of that address. So what such an item
adds is worked out once for each type of resource that is referred to, and for the others the hashes are put in.

Whether that is so is not supposed but tried out: what is worked out for the item itself must be what the hashes of its
address make of that of a stand-in.
"""

import re
from collections.abc import Callable
from typing import Any

from careloom.model import serialize_json
from careloom.store.hashing import Hash
from careloom.store.sql.keys import address_hash
from careloom.store.sql.shares import Share

MOST = 1_000
"""Patterns that are known at a time."""

_ADDRESS = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?")
_STAND_IN, _VERSION = "stand-in", "/_history/0"
_UNTRIED = object()
_REFERENCES = "ref"
"""The table whose rows begin with the hash of an address."""

WorkOut = Callable[[Any], Share]
"""Gives the share of an item."""


class _Pattern:
    """The share of a stand-in, and the hashes in it that stand for its address and for that with a version."""

    def __init__(self, share: Share, address: int, versioned: int) -> None:
        self._address, self._versioned = address, versioned
        self._references = next((rows for table, rows in share.rows if table == _REFERENCES), [])
        self._others = tuple(each for each in share.rows if each[0] != _REFERENCES)
        self._share = share

    def of(self, address: int, versioned: int) -> Share:
        """The share of an item that leads elsewhere."""
        share = self._share
        if not self._references:
            return share
        into = {self._address: address, self._versioned: versioned}
        references = [(into.get(target, target), p) for target, p in self._references]
        return Share((*self._others, (_REFERENCES, references)), share.words, share.atoms, share.common)


class Likeness:
    """The patterns of the items met so far.

    Args:
        hash_of: Hash of the tenant; not one that remembers, since addresses seldom come again.
    """

    def __init__(self, hash_of: Hash) -> None:
        self._hash_of = hash_of
        self._known: dict[tuple[Any, ...], Any] = {}

    def share(self, place: tuple[str, str], item: Any, work_out: WorkOut, *, is_lasting: bool) -> Share:
        """The share of an item.

        Args:
            place: Type of the resource and key of the list; whatever else the share depends on is in the item.
            item: As parsed JSON.
            work_out: Gives the share of any item in that place.
            is_lasting: Whether what is worked out now may be remembered.
        """
        parts = _parted(item)
        if parts is None:
            return work_out(item)
        key, type, id, version = parts
        kind = (*place, serialize_json({**item, key: None}), key, type, bool(version))
        pattern = self._known.get(kind, _UNTRIED)
        if pattern is None:
            return work_out(item)
        address = f"{type}/{id}"
        hashes = address_hash(self._hash_of, address), address_hash(self._hash_of, address + version)
        if pattern is not _UNTRIED:
            found: Share = pattern.of(*hashes)
            return found
        share = work_out(item)
        if is_lasting and id != _STAND_IN:
            self._learn(kind, item, share, hashes, work_out)
        return share

    def _learn(
        self, kind: tuple[Any, ...], item: Any, share: Share, hashes: tuple[int, int], work_out: WorkOut
    ) -> None:
        *_, key, type, is_versioned = kind
        address = f"{type}/{_STAND_IN}"
        versioned = address + _VERSION if is_versioned else address
        pattern = _Pattern(
            work_out({**item, key: {"reference": versioned}}),
            address_hash(self._hash_of, address),
            address_hash(self._hash_of, versioned),
        )
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[kind] = pattern if _alike(pattern.of(*hashes), share) else None


def _parted(item: Any) -> tuple[str, str, str, str] | None:
    """The one key of an item whose value is nothing but a reference by address here, and the parts of that address."""
    if item.__class__ is not dict:
        return None
    found = [key for key, value in item.items() if value.__class__ is dict and "reference" in value]
    if len(found) != 1 or len(item[found[0]]) != 1:
        return None
    text = item[found[0]]["reference"]
    parts = _ADDRESS.fullmatch(text) if text.__class__ is str else None
    return (found[0], parts[1], parts[2], parts[3] or "") if parts else None


def _alike(one: Share, other: Share) -> bool:
    """Whether two shares are the same but for the order of their tables."""
    return (dict(one.rows), one.words, one.atoms, one.common) == (
        dict(other.rows),
        other.words,
        other.atoms,
        other.common,
    )
