"""How much one search may ask for: each a setting, each with a clear refusal."""

from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings of one request.

    Attributes:
        parameters: Search parameters.
        alternatives: Values separated by commas in one of them.
        codes: Codes that a value set or a hierarchy stands for in one of them.
        length: Characters of a name or of a value.
        depth: Resources between the one searched and the one that a chain, ``_has`` or ``_filter`` asks about.
        joins: Types that all chains and ``_has`` of a request look at; a chain that names no type counts each one.
        terms: Tests of one ``_filter``, words and phrases of one ``_text``.
        nesting: Brackets inside one another in ``_filter``, ``_text`` and ``_content``.
        sort_keys: Keys of ``_sort``.
        includes: ``_include`` and ``_revinclude`` together.
        rounds: How often ``:iterate`` goes on from what it found.
        included: Resources included with one page.
    """

    parameters: int = 100
    alternatives: int = 500
    codes: int = 20_000
    length: int = 2_000
    depth: int = 5
    joins: int = 500
    terms: int = 100
    nesting: int = 20
    sort_keys: int = 10
    includes: int = 30
    rounds: int = 10
    included: int = 5_000


DEFAULT = Limits()


class Joins:
    """Counts the joins of one request.

    Raises:
        TooCostlyError: By `add`, when there are more than allowed.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found = 0

    def add(self, number: int) -> None:
        """Take note of so many more."""
        self._found += number
        if self._found > self._limit:
            raise TooCostlyError(
                f"chains and _has look at more than {self._limit} types; name the type, as in subject:Patient.name"
            )


def hold(found: int, limit: int, what: str) -> None:
    """Refuse what is over a ceiling.

    Raises:
        TooCostlyError: It is.
    """
    if found > limit:
        raise TooCostlyError(f"at most {limit} {what}, found {found}")
