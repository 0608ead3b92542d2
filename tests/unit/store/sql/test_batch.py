import sqlite3
from typing import Any

import pytest

from careloom.store.sql.batch import Batch, TakenIdError
from careloom.store.sql.tables import Row
from careloom.store.sqlite.dialect import DIALECT

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


def test_heads_that_nobody_looked_for_must_not_be_there() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE head (tenant, rid, type, id, vid, ver, op, PRIMARY KEY (tenant, rid))")
    connection.execute("INSERT INTO head VALUES (1, 70, 3, 'other', 1, 1, 0)")
    found = Batch(1, DIALECT)
    found.add_new(71)
    found.add_new(72)  # of which no version came
    found.add_version(71, 3, "b", (8, 1, 0), 5)
    found.add_version(70, 3, "other", (9, 2, 1), 5)
    found._write_heads(connection)
    assert connection.execute("SELECT rid, vid FROM head ORDER BY rid").fetchall() == [(70, 9), (71, 8)]
    found.add_new(70)
    found.add_version(70, 3, "a", (10, 1, 0), 5)
    with pytest.raises(TakenIdError):
        found._write_heads(connection)
    with pytest.raises(TakenIdError):
        found._write_heads(connection)
    assert connection.execute("SELECT id, vid FROM head WHERE rid = 70").fetchall() == [("other", 9)]
    connection.close()


def test_what_a_unit_remembers_does_not_let_keys_go_that_nobody_asked_to() -> None:
    whole = Batch(1, DIALECT)
    whole.take(Batch(1, DIALECT))
    assert whole.remembered("scope", ["key"], 1) == set()
    part = Batch(1, DIALECT)
    part.remember("scope", ["key"], until=5, now=2)
    whole.take(part)
    whole.take(Batch(1, DIALECT))
    assert whole.remembered("scope", ["key"], 4) == {"key"}
    assert whole._forgotten_to == 2
