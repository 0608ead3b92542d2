"""Texts as words: what ``_text`` and ``_content`` look for, and where.

A word is a run of letters and digits, without case and accents; an apostrophe joins (``O'Neill`` is ``oneill``), all
else parts. A full-text index that splits at spaces keeps exactly these words.
"""

import unicodedata

from careloom.search.folding import reduction

_JOINING = "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"


def has_phrase(words: str, phrase: str, *, is_open: bool) -> bool:
    """Whether words follow one another inside others; if open, the last may be the beginning of one."""
    return f" {phrase}" in f" {words}" if is_open else f" {phrase} " in f" {words} "


def _kept(character: str) -> str:
    if character.isalnum():
        return character
    return "" if character in _JOINING or unicodedata.category(character)[0] == "M" else " "


words_of = reduction(_kept)
"""The words of a text with a space between; empty where it has none."""
