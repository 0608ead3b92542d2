"""Who is above whom in a large code system, worked out once when it is loaded.

Concepts get their numbers so that what is above has the smaller number. Then the ancestors of a concept are its
parents and their ancestors, which are known already when it is its turn, and a sorted array of numbers holds them:
four bytes each, some fifteen a concept in SNOMED CT.
"""

from array import array
from collections.abc import Iterator, Sequence

from careloom.model.errors import DefinitionError, TooCostlyError

MAX_LINKS = 40_000_000
"""Pairs of concept and ancestor, 160 MB; SNOMED CT has some six million."""

Numbers = Sequence[int]


def from_above(parents: Sequence[Numbers], codes: Sequence[str], url: str) -> list[int]:
    """The concepts in an order in which all parents of a concept come before it.

    Args:
        parents: For each concept, by its position in the file, the positions of its parents.
        codes: For each concept its code, for the message.
        url: Of the code system, for the message.

    Raises:
        DefinitionError: The hierarchy has a loop; names the codes of one.
    """
    children: list[list[int]] = [[] for _ in parents]
    waiting = [len(above) for above in parents]
    for position, above in enumerate(parents):
        for parent in above:
            children[parent].append(position)
    order = [position for position, count in enumerate(waiting) if not count]
    for position in order:  # grows while it is read
        for child in children[position]:
            waiting[child] -= 1
            if not waiting[child]:
                order.append(child)
    if len(order) < len(parents):
        raise DefinitionError(f"no loop in the hierarchy expected, found {_loop(parents, waiting, codes)}", url=url)
    return order


def ancestors(parents: Sequence[Numbers], url: str) -> Iterator["array[int]"]:
    """For each concept, numbered from above, the sorted numbers of all concepts above it; a new array each.

    Raises:
        TooCostlyError: More than `MAX_LINKS` pairs.
    """
    known, ends = array("I"), array("Q", [0])
    for above in parents:
        joined = _joined(above, known, ends)
        known.extend(joined)
        ends.append(len(known))
        if len(known) > MAX_LINKS:
            raise TooCostlyError(f"{url}: at most {MAX_LINKS} pairs of concept and ancestor expected, found more")
        yield joined


def _joined(above: Numbers, known: "array[int]", ends: "array[int]") -> "array[int]":
    """The parents and what is above them, which is known already: one run after the other, each up to its end."""
    if not above:
        return array("I")
    runs = [known[ends[parent] : ends[parent + 1]] for parent in above]
    if len(above) == 1:
        runs[0].append(above[0])  # all are smaller than the parent's own number, so that the order holds
        return runs[0]
    return array("I", sorted(set(above).union(*runs)))


def _loop(parents: Sequence[Numbers], waiting: Sequence[int], codes: Sequence[str]) -> str:
    here = next(position for position, count in enumerate(waiting) if count)
    path: list[int] = []
    while here not in path:
        path.append(here)
        here = next(parent for parent in parents[here] if waiting[parent])
    return " under ".join(codes[position] for position in (*path[path.index(here) :], here))
