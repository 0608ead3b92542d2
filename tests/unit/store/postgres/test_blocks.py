"""Rows of versions put together into blocks."""

import pytest

from careloom.store.postgres.blocks import MOST, blocks, lying
from careloom.store.sql.dialect import Row

FIRST = 1_838_561_642_518_330_368
"""The first vid of a microsecond."""


def test_versions_that_have_the_same_value_are_one_row() -> None:
    rows: list[Row] = [(1, 7, FIRST, 3), (1, 7, FIRST + 2, 3), (1, 7, FIRST + 9, 3)]
    assert blocks("tok", rows) == [(1, 7, FIRST, 3, [2, 9])]


def test_one_that_is_alone_has_no_others() -> None:
    assert blocks("tok", [(1, 7, FIRST, 3)]) == [(1, 7, FIRST, 3, None)]


@pytest.mark.parametrize(
    "other", [(2, 7, FIRST + 1, 3), (1, 8, FIRST + 1, 3), (1, 7, FIRST + 1, 4), (1, 7, FIRST + 1_024, 3)]
)
def test_another_tenant_value_system_or_microsecond_has_a_row_of_its_own(other: Row) -> None:
    rows: list[Row] = [(1, 7, FIRST, 3), other]
    assert blocks("tok", rows) == [(*row, None) for row in rows]


def test_versions_of_the_same_words_are_one_row() -> None:
    rows = [(FIRST, 1, "final heart"), (FIRST + 1, 1, "final"), (FIRST + 2, 1, "final heart")]
    assert blocks("fts", rows) == [(FIRST, 1, "final heart", [2]), (FIRST + 1, 1, "final", None)]


def test_no_row_grows_beyond_its_page() -> None:
    found = blocks("tok", [(1, 7, FIRST + number, 3) for number in range(1_000)])
    assert [(vid - FIRST, len(more)) for _, _, vid, _, more in found] == [(0, MOST - 1), (MOST, MOST - 1)]


def test_a_version_lies_in_a_row_of_its_block() -> None:
    table, condition = lying("tok", ("v.vid", "v.frame"))
    assert table == "tok_block"
    assert condition.startswith("vid >> 10 IN (v.vid >> 10, v.frame >> 10) AND ")
    assert lying("ref", ("v.vid",)) == ("ref", "vid >> 10 IN (v.vid >> 10) AND (vid = v.vid)")
    assert lying("str", ("v.vid",)) == ("str", "vid = v.vid")
