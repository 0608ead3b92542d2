"""What a resource of the record refers to in the record."""

from collections.abc import Iterator
from typing import Any

from careloom.model.references import LiteralReference, parse_reference, references_in


def local_reference(text: object, base_url: str) -> LiteralReference | None:
    """A reference that leads to a resource held here; None for any other.

    Args:
        text: ``Reference.reference``, perhaps with a version, perhaps absolute.
        base_url: Address of the hub.
    """
    found = parse_reference(text) if isinstance(text, str) else None
    return found if found and found.base.rstrip("/") in ("", base_url) else None


def local_references(value: Any, base_url: str) -> Iterator[LiteralReference]:
    """Every such reference in a value, in document order."""
    for node in references_in(value):
        if found := local_reference(node["reference"], base_url):
            yield found
