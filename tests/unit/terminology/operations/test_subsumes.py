"""$subsumes."""

import pytest
from tests.unit.terminology.building import CS, SNOMED, parameters, terminology, told

from careloom.model.errors import InvalidError, NotFoundError
from careloom.terminology.operations import subsumes


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("animal", "puppy", "subsumes"),
        ("puppy", "animal", "subsumed-by"),
        ("dog", "dog", "equivalent"),
        ("dog", "cat", "not-subsumed"),
    ],
)
def test_one_concept_stands_to_another(first: str, second: str, expected: str) -> None:
    given = parameters(system=CS, codeA=first, codeB=second)
    assert {"outcome": expected} == told(subsumes(terminology(), given))


def test_codings_do_too() -> None:
    given = parameters(codingA={"system": CS, "code": "dog"}, codingB={"system": CS, "code": "animal"})
    assert {"outcome": "subsumed-by"} == told(subsumes(terminology(), given))


def test_what_cannot_be_compared_is_an_error() -> None:
    with pytest.raises(InvalidError, match="one code system"):
        subsumes(
            terminology(), parameters(codingA={"system": CS, "code": "a"}, codingB={"system": SNOMED, "code": "b"})
        )
    with pytest.raises(NotFoundError, match="unicorn"):
        subsumes(terminology(), parameters(system=CS, codeA="dog", codeB="unicorn"))
    with pytest.raises(NotFoundError, match="no content"):
        subsumes(terminology(), parameters(system=SNOMED, codeA="1", codeB="2"))
