"""Parameters read by name; what is not what it should be is told by its name."""

from typing import Any

import pytest

from careloom.model.errors import MalformedError
from careloom.model.parameters import Inputs, parameters


def inputs(**values: Any) -> Inputs:
    return Inputs(parameters(*({"name": name, "valueX": value} for name, value in values.items())))


def test_a_value_is_found_by_its_name_whatever_its_type() -> None:
    given = inputs(url="http://x.test", activeOnly=True, count=3)
    assert ("http://x.test", True, 3) == (given.text("url"), given.flag("activeOnly"), given.whole("count"))


def test_what_is_not_given_is_empty() -> None:
    nothing = inputs()
    assert ("", (), None, None) == (nothing.text("a"), nothing.texts("a"), nothing.whole("a"), nothing.value("a"))
    assert (False, True, False) == (nothing.flag("a"), nothing.flag("a", default=True), nothing.has("a"))


def test_text_that_spells_a_value_is_that_value() -> None:
    assert (True, 12) == (inputs(a="true").flag("a"), inputs(a="12").whole("a"))


@pytest.mark.parametrize(
    ("read", "value"),
    [
        ("text", 3),
        ("flag", "yes"),
        ("flag", 1),
        ("whole", "-1"),
        ("whole", "1.0"),
        ("whole", True),
        ("whole", "9" * 10),
    ],
)
def test_another_type_is_told_with_the_name_and_the_value(read: str, value: Any) -> None:
    with pytest.raises(MalformedError, match=f"a: .* expected, found {value!r}"):
        getattr(inputs(a=value), read)("a")


def test_a_resource_must_be_of_the_type_that_is_asked_for() -> None:
    given = Inputs({"parameter": [{"name": "valueSet", "resource": {"resourceType": "ValueSet"}}]})
    assert {"resourceType": "ValueSet"} == given.resource("valueSet", "ValueSet")
    assert given.resource("conceptMap", "ConceptMap") is None
    with pytest.raises(MalformedError, match="valueSet: a ConceptMap expected"):
        given.resource("valueSet", "ConceptMap")


@pytest.mark.parametrize("spoilt", [None, 3, "x", [None, 3, "x", {}, {"name": None}]])
def test_what_is_no_list_of_parameters_has_none(spoilt: Any) -> None:
    assert not Inputs({"parameter": spoilt}).has("a")


def test_parts_without_a_value_are_left_out_of_an_answer() -> None:
    made = parameters({"name": "a", "valueString": ""}, {"name": "b", "valueBoolean": False})
    assert [{"name": "b", "valueBoolean": False}] == made["parameter"]
    assert {"resourceType": "Parameters"} == parameters()
