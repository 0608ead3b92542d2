from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.search.walking import walk_along

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"family": "Smith", "given": ["Ann", None, "Bea"]}, {"family": "Jones"}],
    "deceasedDateTime": "2026",
    "telecom": [{"system": "email", "value": "a@b.example"}, {"system": "phone", "value": "1"}],
    "extension": [{"url": "urn:a", "valueString": "x"}, {"url": "urn:b", "valueString": "y"}],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient.name.family", [("Smith", "string"), ("Jones", "string")]),
        ("Patient.name.given", [("Ann", "string"), ("Bea", "string")]),
        ("Patient.deceased", [("2026", "dateTime")]),
        ("Patient.deceased.ofType(dateTime)", [("2026", "dateTime")]),
        ("Patient.deceased.ofType(boolean)", []),
        ("Patient.telecom.where(system='phone').value", [("1", "string")]),
        ("Patient.extension('urn:b').value", [("y", "string")]),
        ("Patient.gender | Patient.name.family", [("Smith", "string"), ("Jones", "string")]),
        ("Patient", [(PATIENT, "Patient")]),
    ],
)
def test_a_path_leads_to_elements_with_their_types(text: str, expected: Any, definitions: Definitions) -> None:
    walk = walk_along(text, "Patient", definitions.types)
    assert walk is not None
    assert walk(PATIENT) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Patient.name.first()",
        "Patient.name[0]",
        "Patient.deceased.exists() and Patient.deceased != false",
        "Patient.contained",
        "Patient.nothing",
        "Patient.telecom.where(system='email' and use='work')",
        "Patient.name.where(given='Ann')",
    ],
)
def test_what_takes_the_language_is_left_to_it(text: str, definitions: Definitions) -> None:
    assert walk_along(text, "Patient", definitions.types) is None


def test_a_code_is_no_string_but_an_age_is_a_quantity(definitions: Definitions) -> None:
    gender = walk_along("Patient.gender.ofType(string)", "Patient", definitions.types)
    onset = walk_along("Condition.onset.ofType(Quantity)", "Condition", definitions.types)
    assert gender is not None and onset is not None
    assert gender({"resourceType": "Patient", "gender": "male"}) == []
    assert onset({"resourceType": "Condition", "onsetAge": {"value": 4}}) == [({"value": 4}, "Age")]


@pytest.mark.parametrize("damaged", [[], {"name": "Smith"}, {"name": [7, {"family": {}}]}, {"deceasedDateTime": None}])
def test_what_is_of_another_shape_is_passed_over(damaged: Any, definitions: Definitions) -> None:
    for text in ("Patient.name.family.extension", "Patient.telecom.value", "Patient.deceased"):
        walk = walk_along(text, "Patient", definitions.types)
        if walk is not None:
            assert walk(damaged) == []
