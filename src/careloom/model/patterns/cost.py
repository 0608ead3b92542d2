r"""The most that a backtracking engine could have to try, by the shape of a pattern and the length of a text.

Two questions. Is there always at most one way to go on, because the character ahead decides (Brüggemann-Klein's
one-unambiguous expressions, here in the strong sense, where the repetition that goes on is certain as well)? Then a
match is tried once from each start. Otherwise, how many ways are there to cut a text into the parts of the pattern?
Each repetition of a single character multiplies them by the length; a repetition of something that itself has
several ways multiplies for every round, which is where patterns explode.
"""

from math import inf, prod

from careloom.model.patterns.tree import NO_LIMIT, Chars, Choice, Look, Opaque, Place, Repeat, Sequence, Tree
from careloom.model.records import dataclass

_MOST_PAIRS = 20_000
"""Pairs of neighbouring characters looked at before a pattern counts as ambiguous."""


LONGEST_TEXT = 2**24
"""Characters; no text of a resource is as long."""


def longest_text(tree: Tree, most_tries: int, *, whole: bool) -> int:
    """How long a text may be so that matching it surely takes no more than so many steps, to a power of two.

    Args:
        tree: The pattern.
        most_tries: Steps of the engine.
        whole: The pattern is to match the text as a whole, so that a match starts at its start.
    """
    is_decided, is_anchored = _is_decided(tree), whole or _is_anchored(tree)
    length = 0
    while length < LONGEST_TEXT:
        longer = max(1, length * 2)
        ways = 1.0 if is_decided else _ways(tree, longer + 1)
        if ways * (longer + 1) * (1 if is_anchored else longer + 1) > most_tries:
            break
        length = longer
    return length


def _is_anchored(tree: Tree) -> bool:
    """Whether a match can begin at the start of the text alone."""
    if isinstance(tree, Sequence):
        return bool(tree.parts) and _is_anchored(tree.parts[0])
    if isinstance(tree, Choice):
        return all(map(_is_anchored, tree.branches))
    return isinstance(tree, Place) and tree.source in ("^", r"\A")


def _ways(tree: Tree, length: int) -> float:
    match tree:
        case Sequence(parts):
            return prod(_ways(part, length) for part in parts)
        case Choice(branches):
            return sum(_ways(branch, length) for branch in branches)
        case Look(body):
            return _ways(body, length) * length
        case Repeat():
            return _ways_of_repeat(tree, length)
        case Opaque():
            return inf
    return 1.0


def _ways_of_repeat(tree: Repeat, length: int) -> float:
    inner = _ways(tree.body, length)
    most = length if tree.most == NO_LIMIT else tree.most
    if most > 1 and _is_empty_possible(tree.body):
        return inf
    rounds = min(most, length)
    turns = 1.0 if tree.least == tree.most else rounds - min(tree.least, rounds) + 1.0
    return turns * _power(inner, rounds)


def _power(base: float, exponent: int) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return inf


def _is_empty_possible(tree: Tree) -> bool:
    match tree:
        case Chars():
            return False
        case Sequence(parts):
            return all(map(_is_empty_possible, parts))
        case Choice(branches):
            return any(map(_is_empty_possible, branches))
        case Repeat(body, least, _):
            return least == 0 or _is_empty_possible(body)
    return True


# One way at most


@dataclass(frozen=True)
class _Edges:
    """The characters that a part can begin and end with, by number, and whether it can be empty."""

    first: frozenset[int]
    last: frozenset[int]
    is_empty_possible: bool


class _Ambiguous(Exception):  # noqa: N818 - a signal within this module, no error
    """There may be more than one way to go on."""


def _is_decided(tree: Tree) -> bool:
    try:
        _Follow().edges(tree)
    except _Ambiguous:
        return False
    return True


class _Follow:
    """Which characters may follow which, gathered part by part; stops at the first sign of two ways."""

    def __init__(self) -> None:
        self._masks: list[int] = []
        self._after: list[int] = []
        self._pairs = 0

    def edges(self, tree: Tree) -> _Edges:
        match tree:
            case Chars():
                return self._chars(tree)
            case Place():
                return _NOTHING
            case Sequence(parts):
                return self._sequence(parts)
            case Choice(branches):
                return self._choice(branches)
            case Repeat():
                return self._repeat(tree)
        raise _Ambiguous

    def _chars(self, tree: Chars) -> _Edges:
        self._masks.append(tree.mask)
        self._after.append(0)
        here = frozenset([len(self._masks) - 1])
        return _Edges(here, here, is_empty_possible=False)

    def _sequence(self, parts: tuple[Tree, ...]) -> _Edges:
        whole = _NOTHING
        for part in parts:
            edges = self.edges(part)
            self._join(whole.last, edges.first)
            first = whole.first | edges.first if whole.is_empty_possible else whole.first
            last = whole.last | edges.last if edges.is_empty_possible else edges.last
            whole = _Edges(first, last, whole.is_empty_possible and edges.is_empty_possible)
            self._mask_of(whole.first)
        return whole

    def _choice(self, branches: tuple[Tree, ...]) -> _Edges:
        edges = [self.edges(branch) for branch in branches]
        first = frozenset[int]().union(*(one.first for one in edges))
        if sum(one.is_empty_possible for one in edges) > 1:
            raise _Ambiguous
        self._mask_of(first)
        return _Edges(
            first,
            frozenset[int]().union(*(one.last for one in edges)),
            any(one.is_empty_possible for one in edges),
        )

    def _repeat(self, tree: Repeat) -> _Edges:
        body = self.edges(tree.body)
        if body.is_empty_possible:
            raise _Ambiguous
        if tree.most == NO_LIMIT or tree.most > 1:
            self._join(body.last, body.first)
        return _Edges(body.first, body.last, tree.least == 0)

    def _join(self, last: frozenset[int], first: frozenset[int]) -> None:
        mask = self._mask_of(first) if last else 0
        self._pairs += len(last)
        for place in last:
            if self._after[place] & mask or self._pairs > _MOST_PAIRS:
                raise _Ambiguous
            self._after[place] |= mask

    def _mask_of(self, places: frozenset[int]) -> int:
        """All characters of some places; it must be clear from the character which of the places it is of."""
        found = 0
        self._pairs += len(places)
        for place in places:
            if found & self._masks[place] or self._pairs > _MOST_PAIRS:
                raise _Ambiguous
            found |= self._masks[place]
        return found


_NOTHING = _Edges(frozenset(), frozenset(), is_empty_possible=True)
