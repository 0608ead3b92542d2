"""Numbers as ranges: what the digits of a searched number say about its precision.

Both a database and Python compare IEEE doubles in the same way, so bounds are computed exactly on decimals
and handed over as doubles.
"""

import re
from decimal import Context, Decimal

_WRITTEN = re.compile(r"[+-]?\d+(?P<fraction>\.\d+)?(?:[eE](?P<exponent>[+-]?\d{1,3}))?", re.ASCII)

# Wide enough for an exact sum of the largest and the smallest number that `parse_number` lets through.
_EXACT = Context(prec=4000)


def parse_number(text: str) -> Decimal | None:
    """A decimal or integer, exponent included; None for any other text, and for an exponent over three digits."""
    return Decimal(text) if _WRITTEN.fullmatch(text) else None


def implicit_bounds(text: str) -> tuple[Decimal, Decimal]:
    """The half-open range [low, high) of a searched number: half a unit of its last digit to either side.

    ``100`` is [99.5, 100.5), ``100.00`` is [99.995, 100.005), ``5.40e-3`` is [0.005395, 0.005405).
    An integer with an exponent is taken as one digit finer than written, as the table in FHIR R4 search has it:
    ``1e2`` is [95, 105).
    """
    found = _WRITTEN.fullmatch(text)
    assert found is not None, text
    exponent = int(found["exponent"] or 0)
    last_digit = exponent - (len(found["fraction"]) - 1 if found["fraction"] else int(exponent > 0))
    half = Decimal((0, (5,), last_digit - 1))
    return _around(Decimal(text), half)


def approximate_bounds(text: str) -> tuple[Decimal, Decimal]:
    """The range [low, high] of ``ap``: a tenth of the number, and no less than its implicit precision."""
    low, high = implicit_bounds(text)
    wide_low, wide_high = _around(Decimal(text), _EXACT.divide(abs(Decimal(text)), Decimal(10)))
    return min(low, wide_low), max(high, wide_high)


def double(number: int | Decimal) -> float:
    """The nearest double; infinite beyond their range."""
    return float(Decimal(number))


def _around(value: Decimal, margin: Decimal) -> tuple[Decimal, Decimal]:
    return _EXACT.subtract(value, margin), _EXACT.add(value, margin)
