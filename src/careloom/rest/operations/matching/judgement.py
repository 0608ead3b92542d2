"""How likely two records are of one person: what is deterministic first, then the weights of the table."""

from typing import Final

from careloom.model.nhs_number import NHS_NUMBER, is_nhs_number
from careloom.rest.operations.matching.comparison import agreements
from careloom.rest.operations.matching.person import Person
from careloom.rest.operations.matching.table import MatchTable

_HAIR: Final = 1e-6
"""How far below a threshold a score is put that must not reach it."""


def score(asked: Person, held: Person, table: MatchTable) -> float:
    """The probability that two records are of one person, 0 to 1.

    A deterministic identifier decides: the same one is a certain match, unless all that should agree with it differs
    and it may have been mistyped; a different one is none. Without such an identifier a match is certain only where
    all that the table demands is the same: twins share much.
    """
    found = agreements(asked, held)
    likely = table.probability(found)
    for system in sorted(table.deterministic):
        one, other = asked.identified_by(system), held.identified_by(system)
        if system == NHS_NUMBER:
            one, other = frozenset(filter(is_nhs_number, one)), frozenset(filter(is_nhs_number, other))
        if one & other:
            differs = [found.get(field) == "different" for field in table.agree_on]
            return table.certain - _HAIR if differs and all(differs) else 1.0
        if one and other:
            return 0.0
    if all(found.get(field) == "same" for field in table.needs):
        return likely
    return min(likely, table.certain - _HAIR)
