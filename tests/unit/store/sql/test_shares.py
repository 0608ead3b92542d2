from careloom.store.sql.shares import Share, joined, united
from careloom.store.sql.tables import Row


def share(*rows: Row, table: str = "tok") -> Share:
    return Share(((table, list(rows)),), {}, frozenset())


def test_rows_of_one_table_stand_together_in_order_and_none_twice() -> None:
    assert joined([share((1,), (2,)), share((2,)), share((3,)), share((1,))]).rows == (("tok", [(1,), (2,), (3,)]),)


def test_tables_are_kept_apart() -> None:
    found = united([share((1,)), share((1,), table="ref"), share((2,)), share((2,), table="ref"), share((3,))])
    assert found == {"tok": [(1,), (2,), (3,)], "ref": [(1,), (2,)]}


def test_what_is_remembered_stays_as_it_is() -> None:
    shares = [share((number,)) for number in range(4)]
    joined(shares)
    united(shares)
    assert [each.rows for each in shares] == [share((number,)).rows for number in range(4)]
