"""Supplements: terms and properties for the codes of another system, and no codes of their own."""

from typing import Any

import pytest
from tests.unit.terminology.building import CS, VS, codes, concept, filtered, listed, terminology, value_set

from careloom.model import Resource
from careloom.model.errors import NotFoundError, NotSupportedError
from careloom.terminology import ExpansionRequest

GERMAN = "http://example.org/cs-de"
USES_IT: dict[str, Any] = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/valueset-supplement", "valueCanonical": GERMAN},
    ]
}


def german(**fields: Any) -> Resource:
    dog = concept("dog", properties={"gender": "m"}, designation=[{"language": "de", "value": "Haushund"}])
    return {
        "resourceType": "CodeSystem",
        "url": GERMAN,
        "language": "de",
        "content": "supplement",
        "supplements": CS,
        "concept": [dog | {"display": "Hund"}, concept("unicorn")],
        **fields,
    }


def test_a_supplement_that_is_always_in_use_adds_terms_and_properties() -> None:
    found = terminology(german(), supplements=[GERMAN]).lookup(CS, "dog")
    assert found is not None
    assert ("Dog", ("m",)) == (found.display, found.values("gender"))
    assert {"Hund", "Hound", "Haushund"} == set(found.designations)


def test_a_supplement_that_nobody_asks_for_adds_nothing() -> None:
    found = terminology(german()).lookup(CS, "dog")
    assert found is not None
    assert () == found.values("gender")


def test_a_supplement_has_no_codes_of_its_own() -> None:
    made = terminology(german(), supplements=[GERMAN])
    assert made.has_code(CS, "unicorn") is False
    assert made.has_code(GERMAN, "dog") is None


def test_a_value_set_asks_for_a_supplement_and_filters_by_its_property() -> None:
    assert ["dog"] == codes(terminology(german(), value_set(filtered("gender", "=", "m"), **USES_IT)))


def test_a_caller_asks_for_a_supplement() -> None:
    made = terminology(german(concept=[concept("cat", display="Katze")]), value_set(listed("cat")))
    with_it = ExpansionRequest(language="de", supplements=(GERMAN,))
    assert [["Katze"], ["Cat"]] == [
        [entry.display for entry in made.expand(VS, request).entries]
        for request in (with_it, ExpansionRequest(language="de"))
    ]


def test_a_supplement_of_another_version_is_left_out() -> None:
    found = terminology(german(supplements=f"{CS}|7"), supplements=[GERMAN]).lookup(CS, "dog")
    assert found is not None
    assert () == found.values("gender")


def test_a_supplement_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFoundError, match=GERMAN):
        terminology(supplements=[GERMAN])


def test_a_value_set_that_needs_a_supplement_that_is_not_there_is_unknown() -> None:
    made = terminology(value_set({"system": CS}, **USES_IT))
    answer = made.validate_code(VS, system=CS, code="dog")
    assert ("unknown", True) == (answer.result, GERMAN in answer.message)
    with pytest.raises(NotSupportedError, match=GERMAN):
        made.expand(VS)
