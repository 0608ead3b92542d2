"""Literal references: what ``Reference.reference`` may hold, taken apart once."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from careloom.model.late import late_pattern
from careloom.model.records import dataclass

_ID = r"[A-Za-z0-9\-.]{1,64}"
_LITERAL = late_pattern(
    rf"^(?P<base>https?://.*?/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID})(?:/_history/(?P<version>{_ID}))?$"
)
_CONTAINERS = frozenset({dict, list})


@dataclass(frozen=True, slots=True)
class LiteralReference:
    """A reference by address: ``base`` is empty for a relative one and ends in a slash otherwise."""

    base: str
    type: str
    id: str
    version: str = ""

    @property
    def local(self) -> str:
        """``Type/id`` without base and version."""
        return f"{self.type}/{self.id}"


@lru_cache(maxsize=4096)  # what is read once is mostly read again at once, for another purpose
def parse_reference(text: str) -> LiteralReference | None:
    """Take ``[base/]Type/id[/_history/version]`` apart; None for fragments, ``urn:`` and anything else."""
    found = _LITERAL.match(text)
    if not found:
        return None
    return LiteralReference(found["base"] or "", found["type"], found["id"], found["version"] or "")


def is_literal(text: str) -> bool:
    """Whether a text is a reference by address, which `parse_reference` takes apart."""
    return _LITERAL.match(text) is not None


def references_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object below that has a ``reference`` text, in document order, itself included."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("reference"), str):
                yield node
            inner = [child for child in node.values() if child.__class__ in _CONTAINERS]
        elif isinstance(node, list):
            inner = [child for child in node if child.__class__ in _CONTAINERS]
        else:
            continue
        if inner:
            inner.reverse()
            stack += inner
