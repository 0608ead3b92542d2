from typing import Any

import pytest

from careloom.validation.quick.shapes import MOST_OF_A_TYPE, Budget, Judge, Keys, Shapes

LINES = 10


class Maker:
    """Makes judges that find everything fine, each of ten lines."""

    def __init__(self, most_lines: int = 100_000) -> None:
        self.budget = Budget(most_lines)
        self.made: list[Keys] = []

    def make(self, keys: Keys, sample: Any) -> Judge:
        self.made.append(keys)
        self.budget.spend(LINES)
        return lambda value, path, check: True

    def table(self) -> Shapes:
        return Shapes(self.make, self.budget)


def test_a_shape_is_compiled_once() -> None:
    maker = Maker()
    shapes = maker.table()

    assert all(_judge(shapes, {"a": 1, "b": number}) for number in range(3))
    assert [("a", "b")] == maker.made


def test_a_type_that_meets_ever_new_shapes_is_compiled_no_more() -> None:
    maker = Maker()
    shapes = maker.table()
    for number in range(MOST_OF_A_TYPE + 50):
        _judge(shapes, {str(number): 1})

    assert MOST_OF_A_TYPE == len(maker.made) == len(shapes)
    assert not _judge(shapes, {"new": 1})
    assert _judge(shapes, {"0": 2})


def test_all_types_together_have_a_bound() -> None:
    maker = Maker(most_lines=3 * LINES)
    answers = [_judge(maker.table(), {"a": 1}) for _ in range(5)]

    assert [True, True, True, False, False] == answers


@pytest.mark.parametrize("value", ["text", ["a", "b"], ("a", "b")])
def test_what_is_no_object_takes_up_no_room(value: Any) -> None:
    maker = Maker()
    shapes = maker.table()

    assert not shapes[tuple(value)](value, (None, "X"), None)
    assert 0 == len(shapes) == len(maker.made)


def test_a_shape_that_no_object_can_be_fine_with_takes_up_no_room() -> None:
    shapes = Shapes(lambda keys, sample: None, Budget())

    assert not _judge(shapes, {"a": 1})
    assert 0 == len(shapes)


def test_a_shape_that_no_code_can_be_made_of_is_tried_once() -> None:
    tries: list[Keys] = []

    def fail(keys: Keys, sample: Any) -> Judge:
        tries.append(keys)
        raise ValueError

    shapes = Shapes(fail, Budget())
    with pytest.raises(ValueError):
        _judge(shapes, {"a": 1})

    assert not _judge(shapes, {"a": 1})
    assert [("a",)] == tries


def _judge(shapes: Shapes, value: dict[str, Any]) -> bool:
    return shapes[tuple(value)](value, (None, "X"), None)
