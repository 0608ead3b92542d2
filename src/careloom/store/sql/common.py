"""What bodies of a type have in common, for a compression dictionary that tells of nobody.

A dictionary outlives the bodies it was made from, those that are erased among them. So of each text the beginning is
kept that several patients share, which may be all of it or nothing: the year of a date, the type of a reference. What
follows is told by nothing but its kind: made-up characters stand there, a digit for a digit and a letter for a letter,
up to a few. They are no use to find again; but from them the dictionary learns with what characters texts go on, and
these are half of what is left of a body.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from careloom.model import parse_json, serialize_json

SHARED_BY = 5
"""Patients who must have something in common before it may be part of a dictionary."""

_LONGEST_BEGINNING = 100
"""Characters; a longer text is kept if all of it is shared."""

_MOST_MADE_UP = 16
"""Characters: more would tell how long the words of a text were."""

_ENOUGH_BYTES = 512 * 1024
"""Of samples, for a dictionary of a thirtieth of that: of twice as many comes none that packs better."""

_LEAST = 50
"""Samples that are looked at even where they are longer: records of whole bundles, say."""

Holders = Mapping[str, set[Hashable]]
"""By text, those who have it: all of them, or `SHARED_BY`."""


def common_texts(samples: Iterable[tuple[Hashable, bytes]]) -> list[bytes]:
    """Samples with what is shared of their texts, and made-up characters behind it; keys and numbers stay.

    Args:
        samples: JSON bodies, each with what tells its resource from others; those beyond enough are not asked for.
    """
    parsed = [(_subject(resource) or of, resource) for of, resource in _enough(samples)]
    kept = shared_beginnings(_holders(parsed))
    made_up = _made_up(Random(0))  # what it gives is not to depend on anything

    def told(text: str) -> str:
        return text[: kept[text]] + made_up(text[kept[text] :])

    return [serialize_json(_with(resource, told)) for _, resource in parsed]


def _enough(samples: Iterable[tuple[Hashable, bytes]]) -> Iterator[tuple[Hashable, Any]]:
    """As many of them as tell what there is to be told, read."""
    looked_at = 0
    for number, (of, text) in enumerate(samples):
        if number >= _LEAST and looked_at >= _ENOUGH_BYTES:
            return
        looked_at += len(text)
        yield of, parse_json(text)


def shared_beginnings(holders: Holders) -> dict[str, int]:
    """By text, how many of its first characters `SHARED_BY` patients share."""
    kept = {text: len(text) if len(who) >= SHARED_BY else 0 for text, who in holders.items()}
    left = list(holders)
    for length in range(1, _LONGEST_BEGINNING + 1):
        together: dict[str, list[str]] = {}
        for text in left:
            if len(text) >= length:
                together.setdefault(text[:length], []).append(text)
        left = [text for texts in together.values() if _are_of_several(texts, holders) for text in texts]
        kept.update((text, max(length, kept[text])) for text in left)
    return kept


def _are_of_several(texts: Sequence[str], holders: Holders) -> bool:
    """Whether those who have one of some texts are enough."""
    found: set[Hashable] = set()
    for text in texts:
        found |= holders[text]
        if len(found) >= SHARED_BY:
            return True
    return False


def _holders(parsed: Sequence[tuple[Hashable, Any]]) -> Holders:
    """Who has each text."""
    holders: dict[str, set[Hashable]] = {}
    for subject, resource in parsed:
        for text in _texts(resource):
            known = holders.setdefault(text, set())
            if len(known) < SHARED_BY:
                known.add(subject)
    return holders


def _subject(resource: Any) -> str:
    """Whom a resource is about, if it is about somebody else."""
    for key in ("subject", "patient", "beneficiary", "individual", "for"):
        element = resource.get(key)
        if isinstance(element, dict) and isinstance(reference := element.get("reference"), str):
            return reference
    return ""


def _made_up(chance: Random) -> Callable[[str], str]:
    """Gives other characters of the same kinds."""

    def character(given: str) -> str:
        for kind in (digits, ascii_lowercase, ascii_uppercase):
            if given in kind:
                return chance.choice(kind)
        return given if given.isascii() else chance.choice(ascii_lowercase)

    return lambda text: "".join(map(character, text[:_MOST_MADE_UP]))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str):
        yield node


def _with(node: Any, told: Callable[[str], str]) -> Any:
    """The same, with what is told of each text in its place."""
    if isinstance(node, dict):
        return {key: _with(value, told) for key, value in node.items()}
    if isinstance(node, list):
        return [_with(item, told) for item in node]
    return told(node) if isinstance(node, str) else node
