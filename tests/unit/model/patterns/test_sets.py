"""A pattern of a stranger makes Python warn of nothing, and means what it meant."""

import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.model.errors import InvalidError
from careloom.model.patterns import compile_pattern
from careloom.model.patterns.sets import unambiguous

WARNED = ("[[]", "[[]]", "[[a-z]+", "[a&&b]", "[a||b]", "[~a~~]", "[+--]", "[a-z--/]", "[]&&]", r"\\[[x]", "(?#[)[[x]")
CLEAR = ("[-a]", "[^[]", r"\[[a]", r"[\[a]", "(?#[)[x]", "a[b-c]", "(?x) a # [\n [b--]", "--", "a&&b", r"\[[^\]]*\]")
CHARACTERS = [chr(code) for code in range(256)]


def loudly(pattern: str) -> re.Pattern[str]:
    """Compiled by Python, whose warnings are errors."""
    re.purge()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(pattern, re.DOTALL)


def silently(pattern: str) -> re.Pattern[str]:
    """Compiled by Python, whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern, re.DOTALL)


@pytest.mark.parametrize("pattern", WARNED)
def test_nothing_is_warned_of_where_python_would(pattern: str) -> None:
    with pytest.raises(FutureWarning, match="Possible"):
        loudly(pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = compile_pattern(pattern)
    texts = [character + end for character in CHARACTERS for end in ("", "]", "x")]
    assert [bool(silently(pattern).fullmatch(text)) for text in texts] == [compiled.is_whole(text) for text in texts]


@pytest.mark.parametrize("pattern", CLEAR)
def test_what_is_clear_stays_as_it_is_written(pattern: str) -> None:
    assert unambiguous(pattern) == pattern


@pytest.mark.parametrize("pattern", ["[" * 10_000, "(?#" * 3_333, "[\\"])
def test_what_is_no_pattern_is_told_soon(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidError):
        compile_pattern(pattern)
    assert time.process_time() - began < 5


@given(st.text("[]^-&|~\\abx4", min_size=1, max_size=8), st.sampled_from(["", "^", "]"]))
def test_every_set_holds_what_it_held(content: str, beginning: str) -> None:
    pattern = f"[{beginning}{content}]"
    try:
        before = silently(pattern)
    except re.error:
        return
    after = loudly(unambiguous(pattern))
    for end in ("", *"[]ab-"):
        held = [bool(before.fullmatch(each + end)) for each in CHARACTERS]
        assert held == [bool(after.fullmatch(each + end)) for each in CHARACTERS]
