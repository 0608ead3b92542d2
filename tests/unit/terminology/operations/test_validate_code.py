"""$validate-code of value sets and of code systems."""

from typing import Any

import pytest
from tests.unit.terminology.building import (
    CS,
    SNOMED,
    VS,
    code_system,
    filtered,
    parameters,
    terminology,
    told,
    value_set,
)

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.terminology.operations import validate_code, validate_code_of_system

ANIMALS = value_set(filtered("concept", "is-a", "animal"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"code": "dog", "system": CS}, {"result": True, "display": "Dog"}),
        ({"code": "dog"}, {"result": True, "display": "Dog"}),
        ({"coding": {"system": CS, "code": "dog", "display": "hund"}}, {"result": True, "display": "Dog"}),
        ({"code": "dodo", "system": CS}, {"result": True, "display": "Dodo", "message": "the code is inactive"}),
        ({"code": "dog", "system": CS, "displayLanguage": "de"}, {"result": True, "display": "Hund"}),
        ({"code": "animal", "system": CS, "abstract": True}, {"result": True, "display": "Animal"}),
        (
            {"codeableConcept": {"coding": [{"system": "http://x", "code": "x"}, {"system": CS, "code": "cat"}]}},
            {"result": True, "display": "Cat"},
        ),
    ],
)
def test_a_code_of_the_value_set_is_valid(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == told(validate_code(terminology(ANIMALS), parameters(url=VS, **given)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"code": "plant", "system": CS}, f"{CS}#plant is not in {VS}"),
        ({"code": "dog", "system": CS, "display": "Wolf"}, "the display 'Dog' expected, found another"),
        ({"code": "animal", "system": CS}, f"{CS}#animal only groups other codes (abstract)"),
    ],
)
def test_any_other_is_not_and_the_message_says_why(given: dict[str, Any], message: str) -> None:
    answer = told(validate_code(terminology(ANIMALS), parameters(url=VS, **given)))
    assert (False, message) == (answer["result"], answer["message"])


@pytest.mark.parametrize("known", [[], [{**code_system(content="not-present", concept=[]), "url": SNOMED}]])
def test_what_cannot_be_checked_is_not_valid_and_the_message_says_what_to_do(known: list[Resource]) -> None:
    made = terminology(value_set({"system": SNOMED}), *known)
    answer = told(validate_code(made, parameters(url=VS, code="1", system=SNOMED)))
    assert (False, True) == (answer["result"], "careloom terminology load" in answer["message"])


def test_a_value_set_may_be_given() -> None:
    given = parameters(valueSet=ANIMALS, code="dog", system=CS)
    assert told(validate_code(terminology(), given))["result"] is True


@pytest.mark.parametrize(
    ("given", "error"),
    [({"code": "dog"}, InvalidError), ({"url": VS}, InvalidError), ({"url": "http://x", "code": "a"}, NotFoundError)],
)
def test_a_question_that_is_none_is_an_error(given: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        validate_code(terminology(ANIMALS), parameters(**given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"url": CS, "code": "dog"}, True),
        ({"url": CS, "code": "dog", "display": "Wolf"}, False),
        ({"url": CS, "code": "unicorn"}, False),
        ({"coding": {"system": CS, "code": "dog"}}, True),
        ({"url": SNOMED, "code": "1"}, False),
    ],
)
def test_a_code_system_is_asked_for_a_code(given: dict[str, Any], expected: bool) -> None:
    assert expected is told(validate_code_of_system(terminology(), parameters(**given)))["result"]


def test_a_code_of_another_system_is_an_error() -> None:
    with pytest.raises(InvalidError, match="a code of"):
        validate_code_of_system(terminology(), parameters(url=CS, coding={"system": SNOMED, "code": "1"}))
