"""Whether two databases hold the same rows, told by a count and a digest that do not depend on their order."""

import hashlib
from typing import Any

import msgspec

from careloom.model.records import dataclass

_MASK = (1 << 64) - 1
_encode = msgspec.msgpack.Encoder().encode

NUL = "\ufdd0"
"""What PostgreSQL keeps for U+0000, which its texts cannot hold; the two count as the same here."""


@dataclass(slots=True)
class Tally:
    """The rows of one table so far.

    Attributes:
        rows: How many.
        digest: Sum of the hashes of all rows, in 64 bits: one row more, less or changed changes it.
    """

    rows: int = 0
    digest: int = 0

    def add(self, row: tuple[Any, ...]) -> None:
        """Count one row in."""
        hashed = hashlib.blake2b(_encode(storable(row)), digest_size=8).digest()
        self.rows += 1
        self.digest = (self.digest + int.from_bytes(hashed, "big")) & _MASK

    def __str__(self) -> str:
        return f"{self.rows} rows, digest {self.digest:016x}"


def storable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row as every database can hold it."""
    return tuple(each.replace("\0", NUL) if type(each) is str and "\0" in each else each for each in row)
