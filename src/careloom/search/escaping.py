r"""The escapes of search values: ``\,`` ``\|`` ``\$`` and ``\\``, a level below the percent-encoding of URLs."""

import re

from careloom.model.errors import InvalidError

_SPECIAL = re.compile(r"([\\,|$])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STRAY = re.compile(r"(?:[^\\]|\\[\\,|$])*\\(?![\\,|$])", re.DOTALL)


def escape(text: str) -> str:
    """The text as it stands inside a search value."""
    return _SPECIAL.sub(r"\\\1", text)


def unescape(text: str) -> str:
    r"""The text that a piece of a search value stands for.

    Raises:
        InvalidError: A backslash before anything but ``\ , | $``: "the parameter value xx\\xx is illegal".
    """
    if "\\" not in text:
        return text
    if _STRAY.match(text):
        raise InvalidError(rf"a backslash comes before one of \ , | $ or is doubled, found {shown(text)}")
    return _ESCAPED.sub(r"\1", text)


def shown(text: str) -> str:
    """How a message quotes what was found: not too long, nothing in it that could not be written as JSON."""
    return repr(text if len(text) <= 100 else text[:100] + "…")


def split(text: str, separator: str) -> list[str]:
    """The pieces between separators that are not escaped, with their escapes still in place."""
    if "\\" not in text:
        return text.split(separator)
    pieces = [""]
    for part in re.findall(r"\\.|[^\\]|\\$", text, re.DOTALL):
        if part == separator:
            pieces.append("")
        else:
            pieces[-1] += part
    return pieces
