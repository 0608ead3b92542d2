"""NHS numbers are told by their last digit."""

import pytest

from careloom.model.nhs_number import is_nhs_number, plain


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("9434765919", True),
        ("9990548609", True),
        ("4010232137", True),
        ("9434765918", False),
        ("9434756919", False),  # two digits exchanged
        ("943476591", False),
        ("94347659190", False),
        ("943 476 5919", False),
        ("٩٤٣٤٧٦٥٩١٩", False),
        ("", False),
    ],
)
def test_the_last_digit_tells(number: str, expected: bool) -> None:
    assert expected == is_nhs_number(number)


def test_a_remainder_that_no_digit_stands_for_makes_no_number() -> None:
    assert [] == [last for last in range(10) if is_nhs_number(f"067760436{last}")]


def test_blanks_and_hyphens_part_a_number_and_are_no_part_of_it() -> None:
    assert "9434765919" == plain("943 476-5919")
