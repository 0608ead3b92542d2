"""Texts made comparable: what a default string search ignores.

FHIR R4 search: "insensitive to casing and included combining characters", and punctuation and repeated
or unusual white space "should also be ignored".
"""

import unicodedata
from collections.abc import Callable

_MARK = "M"
_PUNCTUATION = "P"
_DASHES = ("Pd", "Pc")


def reduction(kept: Callable[[str], str]) -> Callable[[str], str]:
    """What brings a text down to some of its characters: without case, decomposed, one space for any white space.

    Args:
        kept: What stands for a character that is decomposed and without case; nothing, where it is dropped.
    """
    # None rather than an empty text for what is dropped: CPython then translates a whole ASCII text in one loop.
    ascii = str.maketrans({chr(code): kept(chr(code)) or None for code in range(128)})

    def reduced(text: str) -> str:
        if text.isascii():
            return " ".join(text.lower().translate(ascii).split())
        decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        return " ".join("".join(map(kept, decomposed)).split())

    return reduced


def words_from(folded: str) -> list[str]:
    """The text from each of its words after the first to the end: ``a b c`` gives ``b c`` and ``c``."""
    return [folded[at + 1 :] for at, character in enumerate(folded) if character == " "]


def exact(text: str) -> str:
    """The text in Unicode normal form C, so that equal texts are equal however they were typed."""
    return unicodedata.normalize("NFC", text)


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in _DASHES:
        return " "
    return "" if category[0] in (_MARK, _PUNCTUATION) else character


fold = reduction(_kept)
"""The text without case, accents, punctuation and superfluous space; dashes count as space.

``fold("  Ó Briain-O'Neill") == "o briain oneill"``; folding twice changes nothing more.
"""
