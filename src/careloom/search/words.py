"""Texts as words: what ``_text`` and ``_content`` look for, and where.

A word is a run of letters and digits, without case and accents; an apostrophe joins (``O'Neill`` is ``oneill``), all
else parts. A full-text index that splits at spaces keeps exactly these words.
"""

import unicodedata

_JOINING = "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"


def words_of(text: str) -> str:
    """The words of a text with a space between; empty where it has none."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII).split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(map(_kept, decomposed)).split())


def has_phrase(words: str, phrase: str, *, is_open: bool) -> bool:
    """Whether words follow one another inside others; if open, the last may be the beginning of one."""
    return f" {phrase}" in f" {words}" if is_open else f" {phrase} " in f" {words} "


def _kept(character: str) -> str:
    if character.isalnum():
        return character
    return "" if character in _JOINING or unicodedata.category(character)[0] == "M" else " "


# None rather than an empty text for what is dropped: CPython then translates a whole ASCII text in one loop.
_ASCII = str.maketrans({chr(code): _kept(chr(code)) or None for code in range(128)})
