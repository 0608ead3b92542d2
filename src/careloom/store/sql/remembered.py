"""What was worked out, remembered as long as it is asked for now and then."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values by key; when there are too many, those that were not asked for since the last time are forgotten.

    Args:
        most: Values that are new, or were asked for, before the others are forgotten.
    """

    __slots__ = ("_most", "_older", "_recent")

    def __init__(self, most: int) -> None:
        self._most = most
        self._recent: dict[K, V] = {}
        self._older: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """What is remembered under a key."""
        known = self._recent.get(key)
        if known is None and (known := self._older.get(key)) is not None:
            self.keep(key, known)
        return known

    def keep(self, key: K, value: V) -> None:
        """Remember a value, which is not None."""
        if len(self._recent) >= self._most:
            self._older, self._recent = self._recent, {}
        self._recent[key] = value
