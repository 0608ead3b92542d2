from typing import Any

import pytest

from careloom.store.sql.batch import Batch
from careloom.store.sql.tables import Row

NOTHING: Any = None


class Tables:
    """Takes rows as a database does, and fails once at one table."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.rows: dict[str, list[Row]] = {}

    def append(self, connection: Any, table: str, rows: list[Row]) -> None:
        if table == self.failing:
            self.failing = ""
            raise OSError(table)
        self.rows.setdefault(table, []).extend(rows)


def batch(tables: Any) -> Batch:
    """Two versions, each with a body and two tokens, without their heads."""
    found = Batch(1, tables)
    for vid in (7, 8):
        found.add_version(70, 3, "a", (vid, 1, 0), 5)
        found.add_body(vid, 0, b"body")
        found.add_postings(vid, {"tok": [(20, 0), (10, 0)]})
    found._heads.clear()
    return found


def test_rows_come_in_the_order_of_their_keys() -> None:
    content = dict(batch(Tables()).content(told={8}))
    assert [(row[1], row[-1]) for row in content["version"]] == [(7, 0), (8, 1)]
    assert [row[0] for row in content["body"]] == [7, 8]
    assert [row[1:3] for row in content["tok"]] == [(10, 7), (10, 8), (20, 7), (20, 8)]


def test_what_was_given_out_is_had_once() -> None:
    found = batch(Tables())
    assert len(list(found.content())) == 3
    assert not list(found.content())


@pytest.mark.parametrize("failing", ("version", "body", "tok"))
def test_what_could_not_be_written_is_still_there(failing: str) -> None:
    whole, tables = Tables(), Tables(failing)
    batch(whole).write(NOTHING)
    found = batch(tables)
    with pytest.raises(OSError, match=failing):
        found.write(NOTHING)
    found.write(NOTHING)
    assert tables.rows == whole.rows
