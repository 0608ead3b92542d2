"""The closure of a hierarchy, against walking it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloom.model.errors import DefinitionError
from careloom.terminology.stored.hierarchy import ancestors, from_above


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """Graphs without loops, in which parents may come after their children."""
    count = draw(st.integers(1, 12))
    names = draw(st.permutations(range(count)))
    found: list[list[int]] = [[] for _ in range(count)]
    for number in range(1, count):
        parents = draw(st.sets(st.integers(0, number - 1), max_size=3))
        found[names[number]] = [names[parent] for parent in parents]
    return found


def walked(parents: Sequence[Sequence[int]], start: int) -> set[int]:
    above = set(parents[start])
    return above.union(*(walked(parents, parent) for parent in parents[start]))


@settings(deadline=None)
@given(graphs())
def test_what_is_above_comes_first_and_the_closure_is_what_walking_finds(parents: list[list[int]]) -> None:
    order = from_above(parents, [str(each) for each in range(len(parents))], "u")
    numbers = {position: number for number, position in enumerate(order)}
    above = [[numbers[parent] for parent in parents[position]] for position in order]
    for number, found in enumerate(ancestors(above, "u")):
        assert sorted(walked(above, number)) == list(found)
        assert all(each < number for each in found)


def test_a_loop_is_told_by_its_codes() -> None:
    with pytest.raises(DefinitionError, match="u: no loop in the hierarchy expected, found b under c under b"):
        from_above([[], [2, 0], [1]], ["a", "b", "c"], "u")
