"""Regular expressions: the same answers as Python's engine, in a time that their author cannot choose."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloom.model.errors import InvalidError, TooCostlyError
from careloom.model.patterns import MANY_TEXTS, ONE_TEXT, Budget, Pattern, compile_pattern
from careloom.model.patterns.automaton import automaton_of
from careloom.model.patterns.tree import read_pattern

EXPLODING = (
    r"^(a+)+$",
    r"^(a|a)*$",
    r"^(a|aa)+$",
    r"^(a|b|ab|ba|aa)*$",
    r"^(.*a){25}$",
    r"^(\w+\s?)*$",
    r"^([a-zA-Z]+)*$",
    r"(a*)*b",
    r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    "a?" * 40 + "a" * 40 + "b",
    r".*.*.*.*.*.*.*.*=",
    r"(?i)^(a+)+$",
)

TAME = (
    r"^\d{10}$",
    r"^[A-Z]{1,2}[0-9R][0-9A-Z]? ?[0-9][A-Z]{2}$",
    r"[0-2](\.(0|[1-9][0-9]*))*",
    r"^[^\s.:\[\]]{1,64}(\.[^\s.:\[\]]{1,64}(\[x\])?(:[^\s.]+)?)*$",
    r"^https?://[^/]+/",
    r"(?i)nhs",
)

BOTH_WAYS = (
    r"^(a+)+$",
    r"(a|b)*c",
    r"a{2,4}b?",
    r"[^a-c\]]+",
    r"\bab\b",
    r"(?:ab|a)(?P<tail>b|c)?$",
    r"a.c",
    r"(?i)AB+",
    r"\Aab\Z",
    r"\x61\u0062",
    r"a{,2}b",
    r"a{b",
    r"x*?y",
    r"",
    r"\B",
    r"a\Bb|\bb\B",
    r"(^|b)a$",
    r"(a|\n)*$",
)
TEXTS = (
    "",
    "\n",
    "a\n",
    "a\n\n",
    "a",
    "aa",
    "ab",
    "abb",
    "abc",
    "aab",
    "aaaab",
    "xyz",
    "a\nc",
    "AB",
    "ab ab",
    "a{b",
    "]",
    "bca",
    "ab\n",
)


CRAFTED = (
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
)

SIMPLE = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", "[a-c1]", "-", r"\.", r"\b", "$", "(?:^|b)"])
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
@given(PATTERNS, st.text("abc1-._x\n", max_size=8))
def test_any_pattern_is_answered_as_the_engine_answers_it(text: str, subject: str) -> None:
    automaton, engine = automaton_of(read_pattern(text)), re.compile(text, re.DOTALL)
    assert automaton.is_in(subject) is (engine.search(subject) is not None)
    assert automaton.is_whole(subject) is (engine.fullmatch(subject) is not None)


@pytest.mark.parametrize("budget", [ONE_TEXT, MANY_TEXTS], ids=["one text", "many texts"])
@pytest.mark.parametrize("text", CRAFTED)
def test_a_crafted_pattern_does_not_hang(text: str, budget: Budget) -> None:
    started = time.process_time()
    try:
        pattern = Pattern(text, budget)
        for subject in ("a" * 20_000 + "!", "abab" * 5_000, "b" + "a" * 300):
            pattern.is_whole(subject)
    except TooCostlyError:
        pass  # said so, in time
    assert time.process_time() - started < 10


def test_a_budget_for_life_is_spent_by_many_texts() -> None:
    pattern = Pattern("[ab]*a[ab]{40}", Budget(tries=1, steps=20_000, is_for_life=True))
    with pytest.raises(TooCostlyError, match="over 20000 steps"):
        for number in range(10_000):
            pattern.is_whole(f"{number:050b}".replace("0", "a").replace("1", "b"))


def test_what_was_met_before_costs_nothing_more() -> None:
    automaton = automaton_of(read_pattern("(a+)+b"), steps=1_000, is_for_life=True)
    assert not any(automaton.is_whole("a" * 100) for _ in range(1_000))


@pytest.mark.parametrize("text", EXPLODING)
def test_a_pattern_that_explodes_is_answered_all_the_same(text: str) -> None:
    pattern = Pattern(text)
    assert pattern.is_in("a" * 60 + "!") is False
    assert pattern.is_whole("a" * 60 + "!") is False


@pytest.mark.parametrize("text", TAME)
def test_a_tame_pattern_goes_to_the_engine_at_any_usual_length(text: str) -> None:
    found = Pattern(text).replaced("a" * 1_000, "")
    assert found == "a" * 1_000


@pytest.mark.parametrize("text", BOTH_WAYS)
def test_the_automaton_answers_as_the_engine_does(text: str) -> None:
    automaton, engine = automaton_of(read_pattern(text)), re.compile(text, re.DOTALL)
    for subject in TEXTS:
        assert automaton.is_in(subject) is (engine.search(subject) is not None), subject
        assert automaton.is_whole(subject) is (engine.fullmatch(subject) is not None), subject


def test_what_refers_back_is_answered_on_short_texts_and_refused_on_long_ones() -> None:
    pattern = Pattern(r"(\w+) \1")
    assert pattern.is_in("so so")
    with pytest.raises(TooCostlyError, match="could take for ever"):
        pattern.is_in("a" * 100_000)


def test_a_replacement_that_could_explode_is_refused() -> None:
    with pytest.raises(TooCostlyError):
        Pattern(r"(a+)+$").replaced("a" * 60 + "!", "b")


@pytest.mark.parametrize("text", ["(?:){1000000000}", "((a{1000}){1000}){1000}b*b*b*b*b*b*", "a" * 20_000])
def test_a_pattern_of_enormous_size_is_refused(text: str) -> None:
    with pytest.raises(TooCostlyError):
        Pattern(text).is_in("a" * 2_000)


def test_what_is_no_pattern_is_an_error() -> None:
    with pytest.raises(InvalidError, match="not a regular expression"):
        compile_pattern("(a")
