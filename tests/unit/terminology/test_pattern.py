"""Patterns: the same texts as the standard library's, and no pattern that takes long."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.terminology.pattern import Pattern, compile_pattern

SIMPLE = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", "[a-c1]", "-", r"\."])
PATTERNS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?"])).map(
            lambda both: f"({both[0]}){both[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(PATTERNS, st.text("abc1-._x", max_size=8))
def test_a_pattern_takes_the_texts_that_the_standard_library_takes(pattern: str, text: str) -> None:
    assert bool(re.fullmatch(pattern, text)) is Pattern(pattern).matches(text)


@pytest.mark.parametrize("text", ["", "dog", "dogs"])
def test_anchors_at_the_ends_change_nothing(text: str) -> None:
    assert compile_pattern("dog").matches(text) is compile_pattern("^dog$").matches(text)


def test_an_escaped_dollar_is_no_anchor() -> None:
    assert compile_pattern(r"a\$").matches("a$")


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|aa)+$",
        "((((a*)*)*)*)*b",
        "(a|b|ab)*c",
        "(.*a){50}",
        "(a?){500}a{500}",
        "[ab]*a[ab]{200}",
        "((a{60}){60}){60}",
        "((((){900}){900}){900}){900}",
        "(" * 400 + ")" * 400,
        "a" * 2_000,
    ],
)
def test_a_crafted_pattern_does_not_hang(pattern: str) -> None:
    started = time.process_time()
    try:
        compiled = Pattern(pattern)
        for text in ("a" * 20_000 + "!", "abab" * 5_000, "b" + "a" * 300):
            compiled.matches(text)
    except TooCostlyError:
        pass  # said so, in time
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "a)",
        "[",
        "[]",
        "a{",
        "a{x}",
        "*a",
        "a**",
        "a^b",
        "a$b",
        "(?=a)",
        "(?P<n>a)",
        r"(a)\1",
        "[z-a]",
        "\\",
        "a{3,1}",
        r"\p{L}",
        "[[a]]",
    ],
)
def test_what_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(NotSupportedError):
        Pattern(pattern)
