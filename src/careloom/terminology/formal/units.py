"""Units: UCUM, by its grammar and its table of atoms, both from `ucumvert`."""

from functools import cache, lru_cache
from threading import Lock
from typing import Any

from careloom.terminology.formal.grammar import GrammarContent
from careloom.terminology.formal.known_units import KNOWN_UNITS

UCUM = "http://unitsofmeasure.org"

MAX_LENGTH = 200
"""Characters of a unit; the longest that people write have some thirty."""

_one_at_a_time = Lock()
"""Neither the library that reads the grammar nor its parser says that threads may share it."""


@lru_cache(maxsize=10_000)
def is_unit(code: str) -> bool:
    """Whether this is an expression of UCUM, case sensitive."""
    if code in KNOWN_UNITS:
        return True
    from lark.exceptions import LarkError  # noqa: PLC0415  (the grammar takes 0.7 s to load: only who meets units pays)

    if not 0 < len(code) <= MAX_LENGTH or not code.isascii() or any(character.isspace() for character in code):
        return False
    with _one_at_a_time:
        grammar = _grammar()
        try:
            grammar.parse(code)
        except LarkError:
            return False
    KNOWN_UNITS.add(code)
    return True


def units() -> GrammarContent:
    """The code system of units."""
    return GrammarContent(UCUM, "UCUM", is_unit)


@cache
def _grammar() -> Any:
    from ucumvert import get_ucum_parser  # noqa: PLC0415  (as above)

    return get_ucum_parser()
