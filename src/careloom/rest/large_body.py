"""Large bundles read entry by entry, so that nobody waits until all of one is read.

Reading JSON holds the interpreter until the whole text is read: a fifth of a second for twenty megabytes. So a large
bundle is first cut into the texts of its entries, which is done without making anything of them, and these are read
one after the other with room made in between. What comes out is what reading all of it at once gives; where something
is wrong, it is read at once after all, for an error that names the place in the whole text.
"""

import msgspec

from careloom.model.errors import MalformedError
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.model.room import ROOM
from careloom.rest.body import read_json, read_resource
from careloom.rest.hub import Limits

LARGE = 1024 * 1024
"""Bytes from which on a body is read so."""

_LEVELS = 2
"""Of nesting that an entry is in: the bundle and its list."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_in_pieces(data: bytes, limits: Limits) -> Resource:
    """What `read_resource` gives for a body in JSON.

    Raises:
        MalformedError: As there.
    """
    try:
        found = _read(data, limits)
    except (MalformedError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    return read_resource(data, limits) if found is None else found


def _read(data: bytes, limits: Limits) -> Resource | None:
    """The bundle; None where the body is not one with entries that can be cut out."""
    raw = _members(data).get("entry")
    if raw is None:
        return None
    text = bytes(raw)
    if not text.startswith(b"["):
        return None
    place = data.index(text)
    bundle = read_resource(data[:place] + b"[]" + data[place + len(text) :], limits)
    if bundle["resourceType"] != "Bundle" or bundle.get("entry") != []:
        return None
    inner = replace(limits, depth=limits.depth - _LEVELS)
    bundle["entry"] = [read_json(bytes(item), inner) for item in ROOM.between(_items(text))]
    return bundle
