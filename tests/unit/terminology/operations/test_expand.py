"""$expand: parameters in, ValueSet out."""

from datetime import UTC, datetime

import pytest
from tests.unit.terminology.building import CS, VS, filtered, listed, parameters, terminology, value_set

from careloom.model.errors import InvalidError, MalformedError, NotFoundError
from careloom.terminology.operations import expand

ANIMALS = value_set(filtered("concept", "is-a", "animal"), version="1.0")


def test_the_answer_is_the_value_set_with_its_codes() -> None:
    answer = expand(terminology(ANIMALS), parameters(url=VS), now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    expansion = answer["expansion"]
    assert ("ValueSet", VS, False) == (answer["resourceType"], answer["url"], "compose" in answer)
    assert "2026-11-22T00:00:00.000000Z" == expansion["timestamp"]
    assert (5, {"system": CS, "code": "animal", "display": "Animal", "abstract": True}) == (
        expansion["total"],
        expansion["contains"][0],
    )
    assert [{"name": "used-codesystem", "valueUri": CS}] == expansion["parameter"]


def test_parameters_may_be_text_as_in_a_query() -> None:
    given = parameters(url=VS, count="1", offset="1", activeOnly="true", includeDesignations="true")
    answer = expand(terminology(ANIMALS), given)["expansion"]
    assert (4, 1) == (answer["total"], answer["offset"])
    assert [{"language": "de", "value": "Hund"}, {"value": "Hound"}] == answer["contains"][0]["designation"]


def test_designations_can_be_chosen() -> None:
    given = parameters(url=VS, designation="urn:ietf:bcp:47|de")
    (dog,) = (entry for entry in expand(terminology(ANIMALS), given)["expansion"]["contains"] if entry["code"] == "dog")
    assert [{"language": "de", "value": "Hund"}] == dog["designation"]


def test_a_value_set_may_be_given() -> None:
    given = parameters(valueSet=value_set({"system": CS}, url="http://example.org/new"), includeDefinition=True)
    answer = expand(terminology(), given)
    assert (6, True) == (answer["expansion"]["total"], "compose" in answer)


def test_what_is_lacking_or_wrong_is_told() -> None:
    with pytest.raises(InvalidError, match="url or valueSet expected"):
        expand(terminology(), parameters())
    with pytest.raises(NotFoundError, match="nowhere"):
        expand(terminology(), parameters(url="http://example.org/nowhere"))
    with pytest.raises(MalformedError, match="count: a whole number"):
        expand(terminology(ANIMALS), parameters(url=VS, count="many"))
    with pytest.raises(MalformedError, match="activeOnly: true or false"):
        expand(terminology(ANIMALS), parameters(url=VS, activeOnly="perhaps"))
    with pytest.raises(NotFoundError):
        expand(terminology(ANIMALS), parameters(url=VS, valueSetVersion="9"))


def test_a_code_system_can_be_left_out() -> None:
    both = value_set(listed("dog"), listed("1", system="http://example.org/numbers"))
    answer = expand(terminology(both), parameters(url=VS, exclude_system="http://example.org/numbers"))
    assert ["dog"] == [entry["code"] for entry in answer["expansion"]["contains"]]
