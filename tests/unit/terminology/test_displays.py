"""Displays: the one to show in a language, and whether one that was shown is right."""

import pytest
from tests.unit.terminology.building import CS, VS, terminology, value_set

from careloom.terminology.displays import languages_asked

DOG = {
    "system": CS,
    "concept": [{"code": "dog", "display": "A dog", "designation": [{"language": "fr-CA", "value": "Chien"}]}],
}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("", "A dog"),
        ("de", "Hund"),
        ("DE", "Hund"),
        ("fr", "Chien"),
        ("fr-CA", "Chien"),
        ("fr-FR", "A dog"),
        ("it, de;q=0.5", "Hund"),
        ("de;q=0.2, fr;q=0.9", "Chien"),
        ("de;q=0", "A dog"),
        ("*", "A dog"),
    ],
)
def test_the_display_is_in_the_language_asked_for_else_that_of_the_value_set(language: str, expected: str) -> None:
    answer = terminology(value_set(DOG)).validate_code(VS, system=CS, code="dog", language=language)
    assert expected == answer.display


@pytest.mark.parametrize(
    ("display", "language", "expected"),
    [
        ("Dog", "", True),
        ("a  DOG", "", True),
        ("Hund", "", True),
        ("Hund", "fr", False),
        ("Hound", "fr", True),
        ("Chien", "fr", True),
        ("Wolf", "", False),
    ],
)
def test_a_display_is_right_when_the_code_has_it(display: str, language: str, expected: bool) -> None:
    answer = terminology(value_set(DOG)).validate_code(VS, system=CS, code="dog", display=display, language=language)
    assert expected is answer.is_right_display


def test_a_display_without_any_known_term_is_neither_right_nor_wrong() -> None:
    bare = {"system": "http://example.org/none", "concept": [{"code": "x"}]}
    answer = terminology(value_set(bare)).validate_code(VS, system="http://example.org/none", code="x", display="X")
    assert (None, "X") == (answer.is_right_display, answer.display)


def test_languages_come_by_weight() -> None:
    assert ["b", "c", "a"] == languages_asked("a;q=0.1, b, c;q=0.9, d;q=0")
    assert ["a"] == languages_asked("a;q=nonsense")
