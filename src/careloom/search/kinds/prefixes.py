"""The prefixes of dates, numbers and quantities: two letters before what is ordered."""

import re
from collections.abc import Mapping

from careloom.model.errors import InvalidError
from careloom.search.escaping import shown
from careloom.search.operands import DateOperand, NumberOperand, Prefix, QuantityOperand

PREFIXES: Mapping[str, Prefix] = {
    "eq": "eq", "ne": "ne", "gt": "gt", "lt": "lt", "ge": "ge", "le": "le", "sa": "sa", "eb": "eb", "ap": "ap",
}  # fmt: skip
"""Those that a search value may have."""

_PREFIXED = re.compile(r"([A-Za-z]{2})(?=[0-9+\-.])")


def prefixed(text: str) -> tuple[Prefix, str]:
    """The prefix, ``eq`` where there is none, and what comes behind it.

    Raises:
        InvalidError: Two letters that are no prefix.
    """
    found = _PREFIXED.match(text)
    if not found:
        return "eq", text
    if found[1] not in PREFIXES:
        raise InvalidError(
            f"one of the prefixes {' '.join(PREFIXES)} expected, found {shown(found[1])} in {shown(text)}"
        )
    return PREFIXES[found[1]], text[2:]


def with_prefix(operand: DateOperand | NumberOperand | QuantityOperand) -> str:
    """What was written, with its prefix but for ``eq``."""
    return operand.text if operand.prefix == "eq" else operand.prefix + operand.text
