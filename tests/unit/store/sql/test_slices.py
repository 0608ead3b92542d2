"""The vids that are reserved for a large unit."""

import pytest

from careloom.store.sql.slices import Block, MustTakeTurnError


def test_a_large_unit_gets_the_vids_reserved_for_it_and_not_one_that_is_anothers() -> None:
    block = Block(5, 6)
    assert [block.next(), block.next()] == [5, 6]
    with pytest.raises(MustTakeTurnError):
        block.next()
