"""Codings one by one, where what they stand in is new: remembered by system, code and display."""

from typing import TYPE_CHECKING, Any

from careloom.validation.quick import codes
from careloom.validation.structure import ABSENT

if TYPE_CHECKING:
    from careloom.validation.quick.bodies import Body

_PARTS = ("system", "code", "display")


def write_coding(body: "Body", sample: Any) -> bool:
    """Write the judge of a Coding of which nothing but system, code and display can be said."""
    if "system" not in body.keys or not set(body.keys) <= set(_PARTS):
        return False
    absent = body.memos.names.of(ABSENT)
    parts = [body.variables.get(part, absent) for part in _PARTS]
    memo = body.memos.of(codes.Codings)
    note = body.source.variable()
    body.add(f"{note} = {memo}.get(({', '.join(parts)}))")
    body.add(f"if {note} is None:")
    body.write_properties(sample, body.place.depth + 1)
    body.return_to_place()
    body.add(f"elif {note} and {note} not in c.told: {memo}.tell({note}, {body.place.path}, c)")
    return True
