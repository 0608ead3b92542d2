from random import Random

from careloom.store.sql.remembered import LEAST, Remembered


def test_what_is_asked_for_now_and_then_stays() -> None:
    remembered = Remembered[int, str](3)
    remembered.keep(0, "asked for")
    remembered.keep(1, "not asked for")
    for number in range(2, 20):
        remembered.keep(number, "new")
        assert remembered.get(0) == "asked for"
    assert remembered.get(1) is None
    assert remembered.get(19) == "new"


def test_of_what_never_comes_again_little_is_remembered() -> None:
    remembered = Remembered[int, str](2_000)
    for number in range(10_000):
        remembered.keep(number, "new")
    assert sum(remembered.get(number) is not None for number in range(10_000)) <= 2 * LEAST


def test_there_is_more_room_where_something_comes_again() -> None:
    remembered = Remembered[int, str](2_000)
    chance = Random(1)
    missed = 0
    for asked in range(40_000):
        number = chance.randrange(1_500)
        if remembered.get(number) is None:
            remembered.keep(number, "worked out")
            missed += asked >= 20_000
    assert missed == 0
