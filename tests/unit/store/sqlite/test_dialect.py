import sqlite3

import pytest

from careloom.store.sqlite.dialect import DIALECT


@pytest.mark.parametrize(("numbers", "placeholders"), [(1, 1), (2, 2), (3, 4), (5, 8), (8, 8), (33, 64)])
def test_lists_of_numbers_are_filled_up_so_that_few_statements_differ(numbers: int, placeholders: int) -> None:
    found = DIALECT.among("vid", list(range(numbers)))
    assert found.text.count("?") == len(found.values) == placeholders
    assert set(found.values) == set(range(numbers))


def test_what_is_filled_up_finds_the_same() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (vid INTEGER)")
    connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(10)])
    for asked in ([], [3], [3, 5, 7], [2, 2, 11]):
        sql = DIALECT.among("vid", asked)
        rows = connection.execute(f"SELECT vid FROM t WHERE {sql.text} ORDER BY vid", sql.values).fetchall()
        assert [vid for (vid,) in rows] == sorted(set(asked) & set(range(10)))
    connection.close()


@pytest.mark.parametrize("rows", (1, 63, 64, 65, 200))
def test_rows_are_inserted_many_at_a_time(rows: int) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE tok (tenant, h, vid, sys)")
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    expected = [(1, number, number % 7, -number) for number in range(rows)]
    DIALECT.append(connection, "tok", expected)
    assert len(statements) == rows // 64 + rows % 64
    assert connection.execute("SELECT * FROM tok ORDER BY h").fetchall() == expected
    connection.close()
