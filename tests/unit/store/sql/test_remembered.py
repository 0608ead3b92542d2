from careloom.store.sql.remembered import Remembered


def test_what_is_asked_for_now_and_then_stays() -> None:
    remembered = Remembered[int, str](3)
    remembered.keep(0, "asked for")
    remembered.keep(1, "not asked for")
    for number in range(2, 20):
        remembered.keep(number, "new")
        assert remembered.get(0) == "asked for"
    assert remembered.get(1) is None
    assert remembered.get(19) == "new"
