"""How one operand compares with one index value: the meaning of search, in tables that SQL repeats.

The tables themselves stand with their kinds, in `careloom.search.kinds`.
"""

from careloom.search.conditions import Comparison
from careloom.search.kinds import KINDS
from careloom.search.kinds.date import COMPARED as DATES
from careloom.search.kinds.number import COMPARED as NUMBERS
from careloom.search.kinds.string import COMPARED as STRINGS
from careloom.search.kinds.uri import COMPARED as URIS
from careloom.search.operands import Operand
from careloom.search.values import IndexValue

__all__ = ["DATES", "NUMBERS", "STRINGS", "URIS", "fits"]


def fits(comparison: Comparison, operand: Operand, value: IndexValue) -> bool:
    """Whether an index value is what one of the alternatives of a comparison asks for."""
    return KINDS[comparison.kind].fits(comparison.modifier, operand, value)
