"""NHS numbers as senders write them: ten digits, the last of which tells whether the others are as they were given out.

A number that fails that test is a slip of somebody's hand, and may well be the number of somebody else. It is kept for
people to look at, under a system of its own, and nobody is found or merged by it.

Source: NHS Data Dictionary, NHS NUMBER, modulus 11.
"""

import re
from typing import Final

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
"""The system of NHS numbers."""

UNVERIFIED: Final = "https://careloom.example/fhir/Id/unverified-nhs-number"
"""The system of what was sent as one and is none."""

_TEN_DIGITS: Final = re.compile("[0-9]{10}")
_WEIGHTS: Final = range(10, 1, -1)
_MODULUS: Final = 11


def is_nhs_number(text: str) -> bool:
    """Whether ten digits end in their check digit; there are remainders that no digit stands for."""
    if not _TEN_DIGITS.fullmatch(text):
        return False
    *digits, check = map(int, text)
    remainder = sum(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % _MODULUS
    return check == (_MODULUS - remainder) % _MODULUS


def plain(written: str) -> str:
    """The number without the blanks and hyphens that people part it with."""
    return written.replace(" ", "").replace("-", "")
