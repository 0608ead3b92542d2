"""The vids that are reserved for a large unit, and the order in which it is written."""

import pytest

from careloom.store.sql.slices import Block, MustTakeTurnError, _parts
from careloom.store.sql.tables import Row


def test_a_large_unit_gets_the_vids_reserved_for_it_and_not_one_that_is_anothers() -> None:
    block = Block(5, 6)
    assert [block.next(), block.next()] == [5, 6]
    with pytest.raises(MustTakeTurnError):
        block.next()


def content(first: int, hashes: list[int]) -> dict[str, list[Row]]:
    """Rows of two versions, as they are collected together."""
    vids = (first, first + 1)
    return {
        "version": [(1, vid, 0, 0, 1, 0, None, 0, 0, 0) for vid in vids],
        "body": [(vid, 1, 0, b"") for vid in vids],
        "tok": sorted((1, each, vid, 0) for vid in vids for each in hashes),
        "fts": [(vid, 1, "words") for vid in vids],
    }


def test_index_rows_of_a_whole_unit_are_written_in_the_order_of_their_keys_behind_all_versions() -> None:
    parts = list(_parts([content(1, [5, 9, 2]), content(3, [7, 1, 9])], 5))
    tables = [table for part in parts for table, _ in part]
    rows = [row for part in parts for table, some in part if table == "tok" for row in some]
    assert tables == ["version", "body", "fts"] * 4 + ["tok"] * 3
    assert [len(some) for part in parts for table, some in part if table == "tok"] == [5, 5, 2]
    assert rows == sorted(rows)
    assert len(set(rows)) == 12
