"""Least and greatest values over units, precisions and time zones."""

from typing import Any

import pytest
from tests.unit.validation.builders import by_profile, observation, patient

from careloom.definitions import Definitions

UCUM = "http://unitsofmeasure.org"


def quantity(value: int, code: str) -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


@pytest.mark.parametrize(
    ("value", "code", "is_fine"), [(1, "kg", True), (3, "kg", False), (2000, "g", True), (3, "cm", False)]
)
def test_quantities_are_compared_over_their_units(
    definitions: Definitions, value: int, code: str, is_fine: bool
) -> None:
    limit = {"path": "Observation.value[x]", "type": [{"code": "Quantity"}], "maxValueQuantity": quantity(2000, "g")}
    found = by_profile(definitions, observation(valueQuantity=quantity(value, code)), limit)
    assert (found == []) is is_fine


@pytest.mark.parametrize(
    ("moment", "is_fine"),
    [
        ("2020-01-01T00:30:00+01:00", True),
        ("2019-12-31T23:30:00-01:00", False),
        ("2019-12-31T23:59:59Z", True),
        ("2020-01-01T00:00:00Z", True),
        ("2020", True),
        ("2021", False),
    ],
)
def test_instants_are_compared_on_one_clock(definitions: Definitions, moment: str, is_fine: bool) -> None:
    limit = {
        "path": "Observation.effective[x]",
        "type": [{"code": "dateTime"}],
        "maxValueDateTime": "2020-01-01T00:00:00Z",
    }
    found = by_profile(definitions, observation(effectiveDateTime=moment), limit)
    assert (found == []) is is_fine


@pytest.mark.parametrize(("born", "is_fine"), [("1899-12-31", False), ("1900-01-01", True), ("1900", True)])
def test_dates_are_compared_to_the_digits_that_both_have(definitions: Definitions, born: str, is_fine: bool) -> None:
    limit = {"path": "Patient.birthDate", "minValueDate": "1900-01-01"}
    assert (by_profile(definitions, patient(birthDate=born), limit) == []) is is_fine
