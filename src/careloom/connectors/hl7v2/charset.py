"""From bytes to text, as MSH-18 says. Source: HL7 v2.5.1, 2.15.9.18, and table 0211."""

import codecs

from careloom.connectors.hl7v2.escapes import CONTROLS
from careloom.model.errors import MalformedError

_CODECS = {
    "": "utf-8",
    "ASCII": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "WINDOWS-1252": "cp1252",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}

_WIDE = ("UNICODE UTF-16", "UNICODE UTF-32")
"""Those whose characters may have bytes that MLLP frames messages by."""

_WITHOUT_ONE = "cp1252"
"""What a sender that names no character set, and does not send UTF-8, most likely means."""

_PLACE = 17
"""MSH-18 counted from the text after ``MSH``, where MSH-1 is the separator itself."""


def decoded(data: bytes) -> str:
    """The text of a message, without byte order mark.

    Raises:
        MalformedError: An unknown character set, or bytes that are none of its characters, or control characters.
    """
    text = _decoded(data)
    if (found := CONTROLS.search(text)) is not None:
        raise MalformedError(f"text without control characters expected, {found[0]!r} found at {found.start()}")
    return text


def _decoded(data: bytes) -> str:
    data = data.removeprefix(codecs.BOM_UTF8)
    name = _named(data)
    if name.upper() in _WIDE or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise MalformedError("MSH-18: UTF-8 or a character set of single bytes expected, UTF-16 or UTF-32 found")
    codec = _CODECS.get(name.upper())
    if codec is None:
        raise MalformedError(f"MSH-18: a character set of table 0211 expected, {name!r} found")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        if not name:
            return data.decode(_WITHOUT_ONE, "replace")
        found = data[error.start : error.end].hex()
        raise MalformedError(f"MSH-18 says {name}, but byte {error.start} ({found}) is no character of it") from error


def _named(data: bytes) -> str:
    """The first character set of MSH-18; the header is read as ASCII, which all but the wide ones have in common."""
    header = data[:1000].partition(b"\r")[0].partition(b"\n")[0]
    fields = header.split(header[3:4]) if len(header) > 3 else []
    named = fields[_PLACE] if len(fields) > _PLACE else b""
    repetition = header[5:6] or b"~"
    return named.split(repetition)[0].decode("ascii", "replace").strip()
