from careloom.store.sql.text import Sql, all_of, any_of, one_of


def test_text_and_values_stay_in_step() -> None:
    found = all_of([Sql("a = ?", (1,)), any_of([Sql("b = ?", (2,)), Sql("c = ?", (3,))])]) + Sql("LIMIT ?", (4,))
    assert found == Sql("(a = ?) AND ((b = ?) OR (c = ?)) LIMIT ?", (1, 2, 3, 4))


def test_all_of_nothing_holds_and_some_of_nothing_does_not() -> None:
    assert all_of([]) == Sql("1 = 1")
    assert any_of([]) == Sql("1 = 0")


def test_a_list_has_a_place_for_each_value() -> None:
    assert one_of("h", [1, 2, 3]) == Sql("h IN (?, ?, ?)", (1, 2, 3))
    assert one_of("h", [1]) == Sql("h = ?", (1,))


def test_many_parts_make_a_shallow_tree() -> None:
    text = any_of(Sql("a = ?", (number,)) for number in range(1000))
    assert text.values == tuple(range(1000))
    depth = deepest = 0
    for character in text.text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        deepest = max(deepest, depth)
    assert deepest == 10
