"""A late pattern is an ordinary one from its first use on."""

import re

import pytest

from careloom.model.late import late_pattern


def test_it_matches_as_a_compiled_one() -> None:
    pattern = late_pattern(r"(?P<year>\d{4})", re.ASCII)
    found = pattern.search("in 2026")
    assert found is not None
    assert (found["year"], pattern.groupindex["year"], pattern.pattern) == ("2026", 1, r"(?P<year>\d{4})")


def test_bytes_are_matched_too() -> None:
    assert late_pattern(rb"a+").findall(b"aab a") == [b"aa", b"a"]


def test_it_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = late_pattern(r"a+")
    assert pattern.fullmatch("aa")
    monkeypatch.setattr(re, "compile", None)
    assert pattern.fullmatch("aaa")


def test_a_fault_shows_when_it_is_used() -> None:
    pattern = late_pattern("(")
    with pytest.raises(re.error):
        pattern.match("")
