import pytest

from careloom.definitions.snapshot.merge import in_order, overlay, with_source


def test_most_properties_are_replaced() -> None:
    assert overlay({"short": "a", "min": 0, "max": "*"}, {"short": "b", "min": 1}) == {
        "short": "b",
        "min": 1,
        "max": "*",
    }


def test_the_lower_definition_stays_as_it_was() -> None:
    lower = {"constraint": [{"key": "a"}]}
    overlay(lower, {"constraint": [{"key": "b"}]})
    assert lower == {"constraint": [{"key": "a"}]}


def test_invariants_are_added_by_key() -> None:
    lower = {"constraint": [{"key": "a"}, {"key": "b", "human": "old"}]}
    upper = {"constraint": [{"key": "b", "human": "new"}, {"key": "c"}]}
    assert overlay(lower, upper) == {"constraint": [{"key": "a"}, {"key": "b", "human": "new"}, {"key": "c"}]}


def test_aliases_and_mappings_are_added_once() -> None:
    lower = {"alias": ["x"], "mapping": [{"identity": "rim", "map": "n/a"}]}
    upper = {"alias": ["y", "x"], "mapping": [{"identity": "rim", "map": "n/a"}, {"identity": "v2", "map": "PID"}]}
    merged = overlay(lower, upper)
    assert merged["alias"] == ["x", "y"]
    assert [mapping["identity"] for mapping in merged["mapping"]] == ["rim", "v2"]


def test_text_after_three_dots_is_added() -> None:
    assert overlay({"definition": "First."}, {"definition": "... Second."})["definition"] == "First.\nSecond."


def test_a_binding_that_only_says_how_strong_keeps_the_value_set() -> None:
    lower = {"binding": {"strength": "preferred", "valueSet": "http://vs", "description": "d"}}
    assert overlay(lower, {"binding": {"strength": "required"}})["binding"] == {
        "strength": "required",
        "valueSet": "http://vs",
        "description": "d",
    }


def test_a_new_value_set_drops_what_was_said_of_the_old() -> None:
    lower = {"binding": {"strength": "preferred", "valueSet": "http://vs", "description": "d"}}
    upper = {"binding": {"strength": "required", "valueSet": "http://other"}}
    assert overlay(lower, upper)["binding"] == upper["binding"]


def test_a_type_that_names_no_target_keeps_those_it_had() -> None:
    lower = {"type": [{"code": "Reference", "targetProfile": ["http://a"]}, {"code": "string"}]}
    assert overlay(lower, {"type": [{"code": "Reference"}]})["type"] == [
        {"code": "Reference", "targetProfile": ["http://a"]}
    ]


@pytest.mark.parametrize("stem", ["fixed", "pattern", "minValue"])
def test_an_element_has_one_fixed_value(stem: str) -> None:
    assert overlay({f"{stem}Uri": "a"}, {f"{stem}Code": "b"}) == {f"{stem}Code": "b"}


def test_properties_come_in_the_order_of_the_specification() -> None:
    element = {
        "mapping": [],
        "fixedUri": "u",
        "type": [],
        "max": "1",
        "id": "i",
        "_short": {},
        "short": "s",
        "path": "p",
    }
    assert list(in_order(element)) == ["id", "path", "_short", "short", "max", "type", "fixedUri", "mapping"]


def test_an_invariant_keeps_the_source_it_has() -> None:
    element = {"constraint": [{"key": "a", "source": "http://a"}, {"key": "b"}]}
    assert [constraint["source"] for constraint in with_source(element, "http://b")["constraint"]] == [
        "http://a",
        "http://b",
    ]
