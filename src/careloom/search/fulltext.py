"""The language of ``_text`` and ``_content``: ``(bone OR liver) and metasta*``.

Words and ``"phrases"`` are looked for as whole words without regard to case and accents, a ``*`` leaves the end of the
last one open. AND may be left out; NOT binds closest, then AND, then OR. Commas separate alternatives as everywhere.

Source: FHIR R4 search, "Text": "servers SHOULD support ... logical operators".
"""

import re
from collections.abc import Iterator

from careloom.model.errors import InvalidError, TooCostlyError
from careloom.search.conditions import And, Condition, Not, Or, Phrase, Written
from careloom.search.escaping import shown, split, unescape
from careloom.search.limits import Limits
from careloom.search.scope import Scope
from careloom.search.words import words_of

_TOKEN = re.compile(r'\s*(?:(?P<bracket>[()])|"(?P<phrase>[^"]*)"(?P<open>\*?)|(?P<word>[^\s()"]+))')
_OPERATORS = frozenset({"and", "or", "not"})


def read_fulltext(code: str, text: str, scope: Scope) -> Written:
    """The condition that a value of ``_text`` or ``_content`` makes.

    Raises:
        InvalidError: Brackets or operators without what belongs to them, or nothing to look for.
        TooCostlyError: Over the limits.
    """
    alternatives = [_Reader(code, unescape(each), scope.limits).read() for each in split(text, ",")]
    return Written(code, text, alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives)))


class _Reader:
    """Reads one alternative by recursive descent."""

    def __init__(self, code: str, text: str, limits: Limits) -> None:
        self._code = code
        self._text = text
        self._limits = limits
        self._tokens = list(_tokens(text))
        self._at = 0
        if len(self._tokens) > limits.terms:
            raise TooCostlyError(f"at most {limits.terms} words, brackets and operators expected in {shown(text)}")

    def read(self) -> Condition:
        """All of it."""
        found = self._either(0)
        if self._at < len(self._tokens):
            raise InvalidError(
                f"an opening bracket before {shown(self._tokens[self._at])} expected in {shown(self._text)}"
            )
        return found

    def _either(self, depth: int) -> Condition:
        found = [self._both(depth)]
        while self._takes("or"):
            found.append(self._both(depth))
        return found[0] if len(found) == 1 else Or(tuple(found))

    def _both(self, depth: int) -> Condition:
        found = [self._one(depth)]
        while self._at < len(self._tokens) and self._tokens[self._at].lower() not in (")", "or"):
            self._takes("and")
            found.append(self._one(depth))
        return found[0] if len(found) == 1 else And(tuple(found))

    def _one(self, depth: int) -> Condition:
        if depth > self._limits.nesting:
            raise TooCostlyError(f"at most {self._limits.nesting} brackets inside one another expected")
        if self._takes("not"):
            return Not(self._one(depth + 1))
        if self._takes("("):
            found = self._either(depth + 1)
            if not self._takes(")"):
                raise InvalidError(f"a closing bracket expected at the end of {shown(self._text)}")
            return found
        return self._phrase()

    def _phrase(self) -> Phrase:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        words = words_of(token)
        if not words or token.lower() in _OPERATORS:
            found = shown(token) if token else "the end"
            raise InvalidError(f"a word or a phrase in quotes expected, found {found} in {shown(self._text)}")
        self._at += 1
        return Phrase(self._code, words, token.endswith("*"))

    def _takes(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].lower() == token:
            self._at += 1
            return True
        return False


def _tokens(text: str) -> Iterator[str]:
    """Brackets, words, and phrases, these in their quotes so that ``"and"`` is no operator."""
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise InvalidError(f"a closing quote expected in {shown(text)}")
        yield found[0].strip()
        at = found.end()
