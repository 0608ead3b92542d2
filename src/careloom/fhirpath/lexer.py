"""Text to tokens. Comments and white space are dropped; an operator that is a word stays a word here."""

import re
from collections.abc import Iterator
from typing import Literal

from careloom.fhirpath.sources import Site
from careloom.model.late import late_pattern
from careloom.model.records import dataclass

TokenKind = Literal["word", "quoted", "string", "number", "temporal", "constant", "special", "symbol", "end"]

_TOKEN = late_pattern(
    r"""
      (?P<space>     \s+ | //[^\n\r]* | /\*(?s:.*?)\*/ )
    | (?P<temporal>  @T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?
                   | @\d{4}(?:-\d\d(?:-\d\d)?)?
                     (?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)? )
    | (?P<number>    \d+(?:\.\d+)? )
    | (?P<word>      [A-Za-z_][A-Za-z0-9_]* )
    | (?P<quoted>    `(?:[^`\\]|\\(?s:.))*` )
    | (?P<string>    '(?:[^'\\]|\\(?s:.))*' )
    | (?P<constant>  %(?: [A-Za-z_][A-Za-z0-9_\-]* | `(?:[^`\\]|\\(?s:.))*` | '(?:[^'\\]|\\(?s:.))*' ) )
    | (?P<special>   \$(?:this|index|total)\b )
    | (?P<symbol>    != | !~ | <= | >= | [.,()\[\]{}+\-*/&|=~<>] )
    """,
    re.VERBOSE,
)
_ESCAPE = late_pattern(r"\\(u[0-9A-Fa-f]{4}|(?s:.))")
_ESCAPED = {"'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UNFINISHED = {"'": "text that no quote ends", "`": "name that no backtick ends", "/": "comment without an end"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression; ``text`` is free of quotes, escapes, and the sign that opens it."""

    kind: TokenKind
    text: str
    offset: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, closed by one of kind ``end``.

    Raises:
        MalformedError: Something that no token starts with, or that its end is missing of.
    """
    offset = 0
    while offset < len(text):
        found = _TOKEN.match(text, offset)
        if found is None or _opens_comment(text, offset, found):
            raise Site(text, offset).malformed(_complaint(text[offset]))
        kind = found.lastgroup
        if kind != "space":
            yield _token(kind, found[0], Site(text, offset))
        offset = found.end()
    yield Token("end", "", offset)


def _opens_comment(text: str, offset: int, found: re.Match[str]) -> bool:
    """Whether this is the division sign of a comment that is never closed."""
    return found[0] == "/" and text.startswith("/*", offset)


def _complaint(character: str) -> str:
    return _UNFINISHED.get(character, f"{character!r} is not part of the language here")


def _token(kind: str | None, text: str, site: Site) -> Token:
    match kind:
        case "string" | "quoted":
            return Token(kind, _unescaped(text[1:-1], site), site.offset)
        case "constant":
            name = text[1:]
            return Token(kind, _unescaped(name[1:-1], site) if name[0] in "`'" else name, site.offset)
        case "temporal" | "special":
            return Token(kind, text[1:], site.offset)
        case "number" | "word" | "symbol":
            return Token(kind, text, site.offset)
    raise AssertionError(kind)


def _unescaped(text: str, site: Site) -> str:
    return _ESCAPE.sub(lambda found: _character(found[1], site), text) if "\\" in text else text


def _character(escape: str, site: Site) -> str:
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    if escape not in _ESCAPED:
        raise site.malformed(f"\\{escape} is not an escape sequence")
    return _ESCAPED[escape]
