"""Who is above whom in a large code system, worked out once when it is loaded.

Concepts get their numbers so that what is above has the smaller number. Then the ancestors of a concept are its
parents and their ancestors, which are known already when it is its turn, and a sorted array of numbers holds them:
four bytes each, some fifteen a concept in SNOMED CT.
"""

from array import array
from collections.abc import Sequence

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


def ancestors(parents: Sequence[Numbers], url: str) -> list["array[int]"]:
    """For each concept, numbered from above, the sorted numbers of all concepts above it.

    Raises:
        TooCostlyError: More than `MAX_LINKS` pairs.
    """
    found: list[array[int]] = []
    links = 0
    for above in parents:
        found.append(_joined(above, found))
        links += len(found[-1])
        if links > MAX_LINKS:
            raise TooCostlyError(f"{url}: at most {MAX_LINKS} pairs of concept and ancestor expected, found more")
    return found


def _joined(above: Numbers, known: Sequence["array[int]"]) -> "array[int]":
    if not above:
        return array("I")
    if len(above) == 1:
        joined = known[above[0]][:]  # all smaller than the parent's own number, so that the order holds
        joined.append(above[0])
        return joined
    return array("I", sorted(set(above).union(*(known[parent] for parent in above))))


def _loop(parents: Sequence[Numbers], waiting: Sequence[int], codes: Sequence[str]) -> str:
    here = next(position for position, count in enumerate(waiting) if count)
    path: list[int] = []
    while here not in path:
        path.append(here)
        here = next(parent for parent in parents[here] if waiting[parent])
    return " under ".join(codes[position] for position in (*path[path.index(here) :], here))
