"""What a search needs of terminology: codes as plain sets, for ``:in``, ``:not-in``, ``:above`` and ``:below``.

`CodesForSearch` is the port that `careloom.search` takes; `TerminologyForSearch` fills it from a `Terminology`. Both
are synchronous and ask no network, so that a query may be read and matched anywhere. What cannot be answered whole
raises: a search that silently found less, or by ``:not-in`` more, would be wrong. Each error is a
`careloom.model.errors.CareloomError` with a message for the one who searches.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Protocol, TypeVar

from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.terminology.content import CodeSystemContent
from careloom.terminology.membership import Code
from careloom.terminology.results import how_to_supply
from careloom.terminology.terminology import Terminology

Codes = TypeVar("Codes", bound=Collection[object])

MAX_CODES = 20_000
"""Codes of one condition, above which a search is refused: each becomes a value to look for."""


class CodesForSearch(Protocol):
    """Sets of codes, asked by the conditions of a search."""

    def value_set_codes(self, url: str) -> frozenset[Code] | None:
        """Every (system, code) of a value set, for ``:in`` and ``:not-in``; None when there is no such value set.

        Args:
            url: As written in the search: a canonical, with or without ``|version``, or ``ValueSet/id``.

        Raises:
            NotSupportedError: It draws on a code system whose codes cannot be listed here.
            TooCostlyError: More codes than one condition may have.
        """

    def subsumed(self, system: str, code: str) -> frozenset[str]:
        """A code and all below it, for ``:below``; the code alone where its system does not have it.

        Args:
            system: URL of the code system, with or without ``|version``.
            code: As written in the search.

        Raises:
            NotSupportedError: No content of the code system is here.
            TooCostlyError: More codes than one condition may have.
        """

    def subsuming(self, system: str, code: str) -> frozenset[str]:
        """A code and all above it, for ``:above``; arguments and errors as of `subsumed`."""


class TerminologyForSearch:
    """`CodesForSearch` from the code systems and value sets of a terminology; what was asked is remembered.

    Args:
        terminology: What answers.
        names: What else value sets are called, ``ValueSet/123``, to their canonicals.
        max_codes: Codes of one condition, above which it is refused.
    """

    def __init__(
        self, terminology: Terminology, *, names: Mapping[str, str] | None = None, max_codes: int = MAX_CODES
    ) -> None:
        self._terminology = terminology
        self._names = names or {}
        self._max_codes = max_codes
        self._value_sets: dict[str, frozenset[Code] | None] = {}

    def value_set_codes(self, url: str) -> frozenset[Code] | None:
        """Every (system, code) of a value set; None when there is no such value set."""
        canonical = self._names.get(url, url)
        if canonical not in self._value_sets:
            self._value_sets[canonical] = self._codes_of(canonical)
        return self._value_sets[canonical]

    def subsumed(self, system: str, code: str) -> frozenset[str]:
        """A code and all below it."""
        return self._along(system, code, lambda content, start: content.descendants(start))

    def subsuming(self, system: str, code: str) -> frozenset[str]:
        """A code and all above it."""
        return self._along(system, code, lambda content, start: content.ancestors(start))

    def _codes_of(self, canonical: str) -> frozenset[Code] | None:
        value_set = self._terminology.value_set(canonical)
        if value_set is None:
            return None
        return self._bounded(self._terminology.expand_in(value_set, name=canonical).codes, canonical)

    def _along(self, system: str, code: str, step: Callable[[CodeSystemContent, str], Iterable[str]]) -> frozenset[str]:
        content = self._terminology.code_system(system)
        if content is None or not self._terminology.has_some(system):
            raise NotSupportedError(f"the hierarchy of {system} is not known here; {how_to_supply(system)}")
        concept = content.find(code)
        if concept is None:
            return frozenset((code,))
        reached = islice(step(content, concept.code), self._max_codes + 1)
        return self._bounded(frozenset((code, concept.code, *reached)), f"{system}#{code}")

    def _bounded(self, codes: Codes, asked: str) -> Codes:
        if len(codes) > self._max_codes:
            raise TooCostlyError(f"{asked} stands for more than {self._max_codes} codes; search for fewer")
        return codes
