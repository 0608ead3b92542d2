import subprocess
import sys
from decimal import Decimal

import pytest

from careloom.fhirpath.quantities import Quantity, compare, convert, equivalent, over, parse_quantity, scale, times


def q(text: str) -> Quantity:
    found = parse_quantity(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("4 'g'", "4000.0 'mg'", 0),
        ("7 days", "1 week", 0),
        ("7 days", "1 'wk'", 0),
        ("12 months", "1 year", 0),
        ("1 year", "1 'a'", None),
        ("1 year", "365 days", None),
        ("1 'cm'", "1 's'", None),
        ("1 '[lb_av]'", "1 'kg'", -1),
        ("1 'foo'", "2 'foo'", -1),
        ("1 'foo'", "2 'bar'", None),
        ("1 '[iU]'", "1 'mg'", None),
        ("1 '/min'", "60 '/h'", 0),
        ("100 'Cel'", "212 '[degF]'", 0),
    ],
)
def test_quantities_compare_across_units_of_one_dimension(left: str, right: str, expected: int | None) -> None:
    assert compare(q(left), q(right)) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("4 'g'", "4040 'mg'", True),
        ("4040 'mg'", "4 'g'", True),
        ("4.0 'g'", "4060 'mg'", False),
        ("1 year", "1 'a'", True),
        ("1 'cm'", "1 's'", False),
    ],
)
def test_equivalence_looks_at_the_less_precise_one(left: str, right: str, expected: bool) -> None:
    assert equivalent(q(left), q(right)) is expected


def test_units_of_a_product_and_a_quotient_are_composed() -> None:
    assert ("0.5 'm2'", "2 'g/m'") == (str(times(q("0.5 'm'"), q("1 'm'"))), str(over(q("4 'g'"), q("2 'm'"))))


def test_a_quantity_is_converted_exactly() -> None:
    assert convert(q("1.25 'g'"), q("1 'mg'")) == Quantity(Decimal(1250), "mg")


def test_annotations_do_not_change_a_unit() -> None:
    assert scale("mL/min/{body}") == scale("mL/min/1")


@pytest.mark.parametrize("text", ["1 wk", "1.a", "", "mg", "1 'mg", "one day"])
def test_other_text_is_no_quantity(text: str) -> None:
    assert parse_quantity(text) is None


FIRST_UNITS = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from careloom.fhirpath.quantities import scale

units = ["mg", "mmol/L", "kPa", "[lb_av]", "mm[Hg]", "ug/dL", "cm", "Cel"]
together = Barrier(len(units))

def ask(unit):
    together.wait(60)
    return scale(unit)

with ThreadPoolExecutor(len(units)) as threads:
    assert None not in list(threads.map(ask, units))
"""


def test_threads_that_meet_the_first_units_of_a_process_at_once_all_know_them() -> None:
    subprocess.run([sys.executable, "-c", FIRST_UNITS], check=True)
