"""Decimals that keep the digits they were written with.

FHIR: "the precision of the decimal value has significance", 1.0 is not 1.00, and 1E2 is not 100.
"""

from decimal import Decimal
from math import isfinite
from typing import Any


class ExactDecimal(Decimal):
    """A decimal that remembers its source text; arithmetic on it gives plain `decimal.Decimal`."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> "ExactDecimal":
        """Read a number as JSON writes it."""
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __reduce__(self) -> tuple[type["ExactDecimal"], tuple[str]]:
        return ExactDecimal, (self.text,)

    def __copy__(self) -> "ExactDecimal":
        return self

    def __deepcopy__(self, memo: object) -> "ExactDecimal":
        return self


def decimal_text(number: Decimal) -> str:
    """The digits to write for a decimal: as they were read, else in plain notation where that is exact."""
    if isinstance(number, ExactDecimal):
        return number.text
    text = str(number)
    return format(number, "f") if "E" in text and number.adjusted() in range(-20, 21) else text


class FloatFoundError(Exception):
    """A number came as a float, which FHIR's decimals cannot be; see `with_exact_numbers`."""


def with_exact_numbers(value: Any) -> Any:
    """A copy of a JSON value in which each finite float is the `ExactDecimal` of its shortest text.

    Python's own `json` reads numbers as floats: 1.10 has become 1.1 by then, which nothing brings back.
    """
    if isinstance(value, dict):
        return {key: with_exact_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_exact_numbers(item) for item in value]
    return ExactDecimal(repr(value)) if isinstance(value, float) and isfinite(value) else value
