r"""Regular expressions of strangers, matched in a time that their author cannot choose.

An invariant may come from anywhere, and the engine of the standard library takes exponential time for a pattern such as
``(a+)+$``. So before a pattern meets a text, the most that the engine could have to try is worked out from the shape
of the pattern and the length of the text (`careloom.fhirpath.patterns.cost`). Nearly every pattern in use is found
harmless and goes to the engine. The others are followed through all their ways at once, by an automaton that reads the
text a single time (`careloom.fhirpath.patterns.automaton`). What that cannot do either, such as references back, is
refused with `TooCostlyError`; short texts and tame patterns never are.
"""

import re
from functools import lru_cache

from careloom.fhirpath.patterns.automaton import Automaton, automaton_of
from careloom.fhirpath.patterns.cost import longest_text
from careloom.fhirpath.patterns.tree import read_pattern
from careloom.model.errors import InvalidError, NotSupportedError, TooCostlyError

MOST_TRIES = 20_000_000
"""Steps of the engine of the standard library, which takes some ten million a second."""

LONGEST = 10_000
"""Characters of a pattern."""


class Pattern:
    """A compiled pattern. ``.`` takes line ends in, as the specification of FHIRPath has it."""

    __slots__ = ("_compiled", "_longest", "_longest_whole", "_slow", "_tree", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise TooCostlyError(f"a regular expression of at most {LONGEST} characters expected, found {len(text)}")
        self.text = text
        self._compiled = _compiled(text)
        self._tree = read_pattern(text)
        self._longest = longest_text(self._tree, MOST_TRIES, whole=False)
        self._longest_whole = longest_text(self._tree, MOST_TRIES, whole=True)
        self._slow: Automaton | None = None

    def is_in(self, text: str) -> bool:
        """Whether some part of the text matches.

        Raises:
            TooCostlyError: Finding out could take more than it may.
        """
        if len(text) <= self._longest:
            return self._compiled.search(text) is not None
        return self._automaton().is_in(text)

    def is_whole(self, text: str) -> bool:
        """Whether the whole text matches.

        Raises:
            TooCostlyError: Finding out could take more than it may.
        """
        if len(text) <= self._longest_whole:
            return self._compiled.fullmatch(text) is not None
        return self._automaton().is_whole(text)

    def replaced(self, text: str, template: str) -> str:
        """The text with every match replaced by a template of `re`.

        Raises:
            InvalidError: The template names a group that the pattern does not have.
            TooCostlyError: Finding the matches could take more than it may.
        """
        if len(text) > self._longest:
            raise TooCostlyError(f"{self._named()} could take for ever on a text of {len(text)} characters")
        try:
            return self._compiled.sub(template, text)
        except (re.error, IndexError) as error:
            raise InvalidError(f"{template!r} names a group that {self.text!r} does not have") from error

    def _automaton(self) -> Automaton:
        if self._slow is None:
            try:
                self._slow = automaton_of(self._tree)
            except NotSupportedError as error:
                raise TooCostlyError(f"{self._named()} could take for ever: {error}") from error
        return self._slow

    def _named(self) -> str:
        return f"the regular expression {self.text[:80]!r}"


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidError(f"{text!r} is not a regular expression: {error}") from error


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern.

    Raises:
        InvalidError: It is none.
        TooCostlyError: It is too long.
    """
    return Pattern(text)


__all__ = ["Pattern", "compile_pattern"]
