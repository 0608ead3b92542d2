r"""Regular expressions of strangers, matched in a time that their author cannot choose.

An invariant or a value set may come from anywhere, and the engine of the standard library takes exponential time for a
pattern such as ``(a+)+$``. So before a pattern meets a text, the most that the engine could have to try is worked out
from the shape of the pattern and the length of the text (`careloom.model.patterns.cost`). Nearly every pattern in use
is found harmless and goes to the engine. The others are followed through all their ways at once, by an automaton that
reads the text a single time (`careloom.model.patterns.automaton`). What that cannot do either, such as references back,
is refused with `TooCostlyError`; short texts and tame patterns never are.

A `Budget` says what one pattern may cost. `ONE_TEXT` is for an expression that meets a text now and then, `MANY_TEXTS`
for a filter that is put to every concept of a code system.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from careloom.model.errors import InvalidError, NotSupportedError, TooCostlyError
from careloom.model.records import dataclass

if TYPE_CHECKING:
    from careloom.model.patterns.automaton import Automaton

LONGEST = 10_000
"""Characters of a pattern."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a pattern may cost.

    Attributes:
        tries: Steps of the engine of the standard library for one text; it takes some ten million a second.
        steps: Instructions that the automaton may visit to find out where a character leads; some two million a second.
        is_for_life: Whether those are for all texts together, or for each.
    """

    tries: int
    steps: int
    is_for_life: bool


ONE_TEXT = Budget(tries=20_000_000, steps=5_000_000, is_for_life=False)
MANY_TEXTS = Budget(tries=20_000, steps=1_000_000, is_for_life=True)


class Pattern:
    """A compiled pattern. ``.`` takes line ends in, as the specification of FHIRPath has it."""

    __slots__ = ("_automaton", "_budget", "_compiled", "_longest", "_longest_whole", "_tree", "text")

    def __init__(self, text: str, budget: Budget = ONE_TEXT) -> None:
        if len(text) > LONGEST:
            raise TooCostlyError(f"a regular expression of at most {LONGEST} characters expected, found {len(text)}")
        from careloom.model.patterns.cost import longest_text  # noqa: PLC0415  (many runs meet no pattern)
        from careloom.model.patterns.sets import unambiguous  # noqa: PLC0415
        from careloom.model.patterns.tree import read_pattern  # noqa: PLC0415

        self.text = text
        self._budget = budget
        plain = unambiguous(text)
        self._compiled = _compiled(plain, text)
        self._tree = read_pattern(plain)
        self._longest = longest_text(self._tree, budget.tries, whole=False)
        self._longest_whole = longest_text(self._tree, budget.tries, whole=True)
        self._automaton: Automaton | None = None

    def is_in(self, text: str) -> bool:
        """Whether some part of the text matches.

        Raises:
            TooCostlyError: Finding out could take more than it may.
        """
        if len(text) <= self._longest:
            return self._compiled.search(text) is not None
        return self._follower().is_in(text)

    def is_whole(self, text: str) -> bool:
        """Whether the whole text matches.

        Raises:
            TooCostlyError: Finding out could take more than it may.
        """
        if len(text) <= self._longest_whole:
            return self._compiled.fullmatch(text) is not None
        return self._follower().is_whole(text)

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

    def _follower(self) -> "Automaton":
        if self._automaton is None:
            from careloom.model.patterns.automaton import automaton_of  # noqa: PLC0415  (few patterns need it)

            try:
                self._automaton = automaton_of(
                    self._tree, self._budget.steps, is_for_life=self._budget.is_for_life, named=self._named()
                )
            except NotSupportedError as error:
                raise TooCostlyError(f"{self._named()} could take for ever: {error}") from error
        return self._automaton

    def _named(self) -> str:
        return f"the regular expression {self.text[:80]!r}"


def _compiled(pattern: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidError(f"{text!r} is not a regular expression: {error}") from error


@lru_cache(maxsize=1024)
def compile_pattern(text: str, budget: Budget = ONE_TEXT) -> Pattern:
    """Compile a pattern.

    Raises:
        InvalidError: It is none.
        TooCostlyError: It is too long.
    """
    return Pattern(text, budget)


__all__ = ["MANY_TEXTS", "ONE_TEXT", "Budget", "Pattern", "compile_pattern"]
