"""The judges of a type: one for each tuple of keys that its objects have been met with.

A table of shapes is a dictionary from key tuple to judge that fills itself. What is compiled stays, so there is a
bound to it: a stream that invents ever new orders of keys is judged by `refuse`, which sends it to the interpreter,
once a type has `MOST_OF_A_TYPE` shapes or all types together have `MOST`.
"""

from collections.abc import Callable
from typing import Any

from careloom.validation.path import Path

MOST_OF_A_TYPE = 300
MOST = 3_000

Keys = tuple[str, ...]
Judge = Callable[[Any, Path, Any], bool]
"""Takes an object, its path and a `QuickCheck`; true when the interpreter would tell nothing that matters."""


def refuse(value: Any, path: Path, check: Any) -> bool:
    """Look closer, whatever it is."""
    return False


class Budget:
    """How many more shapes may be compiled."""

    def __init__(self, most: int = MOST) -> None:
        self.left = most

    def spend(self) -> bool:
        """Take one, if there is one left."""
        self.left -= 1
        return self.left >= 0


class Shapes(dict[Keys, Judge]):
    """Key tuple to judge, of one type."""

    def __init__(self, make: Callable[[Keys], Judge], budget: Budget) -> None:
        super().__init__()
        self._make = make
        self._budget = budget

    def __missing__(self, keys: Keys) -> Judge:
        """The judge of a shape that is met for the first time."""
        if len(self) >= MOST_OF_A_TYPE or not self._budget.spend():
            return refuse
        self[keys] = refuse  # which it remains if no code can be made
        judge = self[keys] = self._make(keys)
        return judge
