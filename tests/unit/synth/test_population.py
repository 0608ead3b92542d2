from itertools import islice

import pytest

from careloom.definitions import Definitions
from careloom.synth import PROFILES, population
from careloom.synth.population import nhs_number
from careloom.validation import Validator


def test_the_same_seed_gives_the_same_records() -> None:
    assert list(islice(population(5), 200)) == list(islice(population(5), 200))
    assert list(islice(population(5), 200)) != list(islice(population(6), 200))


def test_every_record_is_valid(definitions: Definitions) -> None:
    validator = Validator(definitions)
    issues = [issue for one in islice(population(8), 300) for issue in validator.validate(one) if issue.is_error]

    assert [] == issues


def test_every_type_has_its_uk_core_profile() -> None:
    assert set(PROFILES) == {one["resourceType"] for one in islice(population(8), 500)}


def test_references_lead_to_records_before_them() -> None:
    met: set[str] = set()
    for one in islice(population(8), 300):
        subject = one.get("subject") or one.get("patient")
        assert subject is None or subject["reference"] in met
        met.add(f"{one['resourceType']}/{one['id']}")


@pytest.mark.parametrize("number", [1, 2, 17, 123_456, 999_999])
def test_nhs_numbers_are_of_the_test_range_and_have_their_check_digit(number: int) -> None:
    text = nhs_number(number)
    weighted = sum((10 - place) * int(digit) for place, digit in enumerate(text[:9]))

    assert len(text) == 10 and text.startswith("999")
    assert (11 - weighted % 11) % 11 == int(text[9])
