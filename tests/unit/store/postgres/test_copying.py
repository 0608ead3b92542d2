from typing import Any

import pytest

from careloom.store.postgres import copying
from careloom.store.postgres.blocks import KEPT
from careloom.store.postgres.copying import HEADER, TRAILER, packed
from careloom.store.postgres.dialect import types_of


def a_row(table: str) -> tuple[Any, ...]:
    values = {"integer": -7, "bigint": 2**40, "double precision": 1.5, "smallint[]": [1, 999]}
    return tuple(values[name] for name in types_of(table))


@pytest.mark.parametrize("table", sorted(copying._INDEX))
def test_the_quick_way_says_the_same_as_the_general_one(table: str) -> None:
    rows = [a_row(table)] * 3
    assert packed(table, (), rows) == packed("", types_of(table), rows)
    assert len(KEPT[table]) == len(types_of(table))


def test_a_stream_has_a_beginning_and_an_end() -> None:
    assert packed("ref", (), []) == HEADER + TRAILER


def test_values_have_their_length_before_them_and_null_has_minus_one() -> None:
    stream = packed("", ("integer", "text", "bytea", "bigint"), [(1, "ä", b"\0", None)])
    row = stream.removeprefix(HEADER).removesuffix(TRAILER)
    expected = ["0004", "00000004", "00000001", "00000002", "c3a4", "00000001", "00", "ffffffff"]
    assert row.hex() == "".join(expected)
