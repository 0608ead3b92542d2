"""$lookup."""

import pytest
from tests.unit.terminology.building import CS, code_system, parameters, terminology, told

from careloom.model.errors import InvalidError, NotFoundError
from careloom.terminology.operations import lookup


def properties(answer: dict[str, list[dict[str, list[dict[str, object]]]]]) -> dict[object, object]:
    return {
        part["part"][0]["valueCode"]: list(part["part"][1].values())[1]
        for part in answer["parameter"]
        if part["name"] == "property"  # type: ignore[comparison-overlap]  # the name of a part is a text
    }


def test_a_concept_is_told_with_all_that_is_known() -> None:
    answer = lookup(terminology(code_system(version="3", title="Things")), parameters(system=CS, code="dog"))
    assert {"name": "Things", "version": "3", "display": "Dog"} == told(answer)
    assert {"parent": "animal", "inactive": False} == properties(answer)
    assert 2 == sum(part["name"] == "designation" for part in answer["parameter"])


def test_properties_can_be_chosen() -> None:
    answer = lookup(terminology(), parameters(system=CS, code="cat", property="wild"))
    assert {"wild": False} == properties(answer)


def test_the_display_is_in_the_language_asked_for() -> None:
    coding = {"system": CS, "code": "dog"}
    assert "Hund" == told(lookup(terminology(), parameters(coding=coding, displayLanguage="de")))["display"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"code": "dog"}, InvalidError, "system expected"),
        ({"system": CS}, InvalidError, "code with system, or coding expected"),
        ({"system": CS, "code": "unicorn"}, NotFoundError, "no code 'unicorn'"),
        ({"system": "http://loinc.org", "code": "1"}, NotFoundError, "careloom terminology load"),
        ({"system": CS, "code": "dog", "version": "9"}, NotFoundError, "9"),
    ],
)
def test_what_cannot_be_told_is_an_error(given: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        lookup(terminology(), parameters(**given))
