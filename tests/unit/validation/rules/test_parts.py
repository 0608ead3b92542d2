"""Parts of a resource with their places, whatever shape it has."""

from careloom.validation.path import path_text
from careloom.validation.rules.parts import part, parts, text, texts, value_of

ROOT = (None, "Patient")


def test_objects_of_a_list_keep_their_place_among_what_is_none() -> None:
    found = parts({"name": [None, {"family": "a"}, "x", {"family": "b"}]}, "name", ROOT)
    assert [(value["family"], path_text(path)) for value, path in found] == [
        ("a", "Patient.name[1]"),
        ("b", "Patient.name[3]"),
    ]


def test_what_is_no_list_has_no_parts() -> None:
    assert list(parts({"name": {"family": "a"}}, "name", ROOT)) == []
    assert list(texts({"given": "a"}, "given", ROOT)) == []


def test_what_is_absent_or_of_another_shape_is_empty() -> None:
    assert text({"id": 1}, "id") == ""
    assert part({"text": "x"}, "text") == {}


def test_the_value_of_a_choice_comes_with_its_key() -> None:
    assert value_of({"url": "x", "valueCode": "a"}) == ("valueCode", "a")
    assert value_of({"fixedCode": "a"}, "pattern") is None
