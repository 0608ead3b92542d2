from careloom.store.sql.reaches import FRESH, Reaches
from careloom.store.sql.text import Sql

KEY = ("dat AS a", Sql("tenant = ?", (1,)), 16_000)
NOW = 5 * FRESH


class Table:
    """Counts how often it is looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> int:
        self.looks += 1
        return self.looks


def test_what_was_found_a_moment_ago_is_taken_again() -> None:
    reaches, table = Reaches(), Table()
    assert [reaches.of(KEY, newest, table.look) for newest in (NOW, NOW, NOW + FRESH)] == [1, 1, 1]


def test_when_the_record_has_gone_on_it_is_looked_for_anew() -> None:
    reaches, table = Reaches(), Table()
    assert [reaches.of(KEY, newest, table.look) for newest in (NOW, NOW + FRESH + 1)] == [1, 2]


def test_what_a_later_snapshot_has_found_is_not_for_an_earlier_one() -> None:
    reaches, table = Reaches(), Table()
    assert [reaches.of(KEY, newest, table.look) for newest in (NOW, NOW - 1)] == [1, 2]


def test_other_rows_and_other_numbers_of_them_are_apart() -> None:
    reaches, table = Reaches(), Table()
    keys = [KEY, (*KEY[:2], 64_000), ("str AS a", *KEY[1:]), (KEY[0], Sql("tenant = ?", (2,)), KEY[2])]
    assert [reaches.of(key, NOW, table.look) for key in keys] == [1, 2, 3, 4]


def test_that_there_are_not_so_many_rows_is_remembered_too() -> None:
    reaches, table = Reaches(), Table()
    assert reaches.of(KEY, NOW, lambda: None) is None
    assert reaches.of(KEY, NOW, table.look) is None
