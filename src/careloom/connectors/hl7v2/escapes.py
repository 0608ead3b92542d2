r"""Escape sequences of HL7 v2: what stands between two escape characters. Source: HL7 v2.5.1, 2.7.

The delimiters have one letter each, ``\Xdddd\`` is bytes, ``\.br\`` breaks a line. Highlighting and the other
formatting commands are of no meaning outside a printout, and leave nothing. A sequence that is none is text, and so are
bytes of which some are no text.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from careloom.connectors.hl7v2.delimiters import Delimiters

_BREAKS = {".br": "\n", ".sp": "\n", ".ce": "\n"}
_UNPRINTED = re.compile(r"[HN]|\.(?:fi|nf|sk|in|ti).*")
CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")
"""Characters that no text of FHIR has."""

_BYTES = re.compile(r"X(?:[0-9A-Fa-f]{2})+")


def unescaped(text: str, delimiters: "Delimiters") -> str:
    """The text that a sender meant."""
    if delimiters.escape not in text:
        return text
    pattern, meaning = _reader(delimiters)
    return pattern.sub(meaning, text)


def escaped(text: str, delimiters: "Delimiters") -> str:
    """The text in a form that no delimiter divides."""
    letters = _letters(delimiters)
    written = "".join(
        f"{delimiters.escape}{letters[sign]}{delimiters.escape}" if sign in letters else sign for sign in text
    )
    line_break = f"{delimiters.escape}.br{delimiters.escape}"
    return written.replace("\r\n", "\n").replace("\r", "\n").replace("\n", line_break)


def _letters(delimiters: "Delimiters") -> dict[str, str]:
    return {
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.subcomponent: "T",
        delimiters.repetition: "R",
        delimiters.escape: "E",
    }


@lru_cache(maxsize=64)
def _reader(delimiters: "Delimiters") -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    signs = {letter: sign for sign, letter in _letters(delimiters).items()}
    quoted = re.escape(delimiters.escape)

    def meaning(match: re.Match[str]) -> str:
        command = match[1]
        if command in signs:
            return signs[command]
        if command[:3] in _BREAKS:
            return _BREAKS[command[:3]]
        if _BYTES.fullmatch(command):
            return _text(bytes.fromhex(command[1:])) or match[0]
        return "" if _UNPRINTED.fullmatch(command) else match[0]

    return re.compile(f"{quoted}([^{quoted}]*){quoted}"), meaning


def _text(data: bytes) -> str:
    """Bytes as text, Windows-1252 where they are not UTF-8; empty where they hold what is not to be written."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return "" if CONTROLS.search(text) else text
