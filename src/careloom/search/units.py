"""Quantities in base units, so that 5 g is found by 5000 mg: the conversions are those of `careloom.fhirpath`.

Source: FHIR R4 search, quantity: "the search processor may choose to perform a search based on canonical units".
"""

import re
from decimal import Context, Decimal
from functools import lru_cache
from math import inf

from careloom.fhirpath.quantities import EXACT, Scale, scale
from careloom.search.values import Canonical

UCUM = "http://unitsofmeasure.org"

_ROUNDED = Context(prec=12)
"""What is left of a number, so that factors told to 15 digits give equal amounts equal numbers."""

_ARBITRARY = re.compile(r"\[(?:[^\]]*U|[A-Z]+_50|hp[^\]]*)\]")
"""Units such as ``[iU]``, which convert into nothing but themselves."""


def canonical(low: Decimal | None, high: Decimal | None, system: str | None, code: str | None) -> Canonical | None:
    """An interval in base units; None where the unit is not one of UCUM, or has no linear scale.

    Args:
        low: Lower end; None for minus infinity.
        high: Upper end; None for infinity.
        system: System of the unit.
        code: Code of the unit.
    """
    measure = _measure(code) if system == UCUM and code else None
    if measure is None:
        return None
    found, unit = measure
    return Canonical(
        low=-inf if low is None else _in_base(low, found),
        high=inf if high is None else _in_base(high, found),
        unit=unit,
    )


def metres(number: Decimal, code: str) -> float | None:
    """A distance in metres; None where the code is no unit of length."""
    found, base = scale(code), scale("m")
    if found is None or base is None or found.dimensions != base.dimensions:
        return None
    return _in_base(number, found)


@lru_cache(maxsize=1024)
def _measure(code: str) -> tuple[Scale, str] | None:
    found = scale(code)
    if found is None or (found.offset and "[temperature]" not in found.dimensions):
        return None  # logarithms such as dB, which no factor converts
    own = sorted(_ARBITRARY.findall(code))
    return found, " ".join((found.dimensions, *own))


def _in_base(number: Decimal, unit: Scale) -> float:
    return float(_ROUNDED.plus(EXACT.fma(number, unit.factor, unit.offset)))
