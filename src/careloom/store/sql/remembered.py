"""What was worked out, remembered as long as it is asked for now and then."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LEAST: Final = 250
"""Values that are remembered in any case, before others are forgotten."""

_WORTH: Final = 32
"""One in so many that is asked for again is worth remembering all of them."""


class Remembered(Generic[K, V]):
    """Values by key; when there are too many, those that were not asked for since the last time are forgotten.

    How many are too many is found out: where some of those before were asked for again, there is twice as much room
    for the next, and half as much where they were not.

    Args:
        most: Values that are new, or were asked for, before the others are forgotten, at the most.
    """

    __slots__ = ("_most", "_older", "_recent", "_returned", "_room")

    def __init__(self, most: int) -> None:
        self._most = most
        self._room = min(LEAST, most)
        self._returned = 0
        self._recent: dict[K, V] = {}
        self._older: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """What is remembered under a key."""
        known = self._recent.get(key)
        if known is None and (known := self._older.get(key)) is not None:
            self._returned += 1
            self.keep(key, known)
        return known

    def keep(self, key: K, value: V) -> None:
        """Remember a value, which is not None."""
        if len(self._recent) >= self._room:
            self._forget()
        self._recent[key] = value

    def _forget(self) -> None:
        is_worth_it = self._returned * _WORTH >= self._room
        self._room = min(self._room * 2, self._most) if is_worth_it else max(self._room // 2, min(LEAST, self._most))
        self._returned = 0
        self._older, self._recent = self._recent, {}
