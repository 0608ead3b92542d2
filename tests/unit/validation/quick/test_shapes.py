from typing import Any

import pytest

from careloom.validation.quick.shapes import MOST_OF_A_TYPE, Budget, Judge, Keys, Shapes, refuse


def test_a_shape_is_compiled_once() -> None:
    made: list[Keys] = []
    shapes = Shapes(_maker(made), Budget())

    assert shapes["a", "b"] is shapes["a", "b"]
    assert [("a", "b")] == made


def test_a_type_that_meets_ever_new_shapes_is_compiled_no_more() -> None:
    made: list[Keys] = []
    shapes = Shapes(_maker(made), Budget())
    for number in range(MOST_OF_A_TYPE + 50):
        shapes[(str(number),)]

    assert MOST_OF_A_TYPE == len(made) == len(shapes)
    assert refuse is shapes[("new",)]


def test_all_types_together_have_a_bound() -> None:
    made: list[Keys] = []
    budget = Budget(3)
    tables = [Shapes(_maker(made), budget) for _ in range(5)]
    judges = [table[("a",)] for table in tables]

    assert 3 == len(made)
    assert [refuse, refuse] == judges[3:]


def test_a_shape_that_no_code_can_be_made_of_is_tried_once() -> None:
    tries: list[Keys] = []

    def fail(keys: Keys) -> Judge:
        tries.append(keys)
        raise ValueError

    shapes = Shapes(fail, Budget())
    with pytest.raises(ValueError):
        shapes[("a",)]

    assert refuse is shapes[("a",)]
    assert [("a",)] == tries


def _maker(made: list[Keys]) -> Any:
    def make(keys: Keys) -> Judge:
        made.append(keys)
        return lambda value, path, check: True

    return make
