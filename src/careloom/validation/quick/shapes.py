"""The judges of a type: one for each tuple of keys that its objects have been met with.

A table of shapes is a dictionary from key tuple to judge that fills itself. What is compiled stays, so there is a
bound to it: a stream that invents ever new orders of keys is judged by `refuse`, which sends it to the interpreter,
once a type has `MOST_OF_A_TYPE` shapes or all types together have taken `MOST_LINES` of code.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from careloom.validation.path import Path

MOST_OF_A_TYPE = 300
MOST_LINES = 100_000

Keys = tuple[str, ...]
Judge = Callable[[Any, Path, Any], bool]
"""Takes an object, its path and a `QuickCheck`; true when the interpreter would tell nothing that matters."""


def refuse(value: Any, path: Path, check: Any) -> bool:
    """Look closer, whatever it is."""
    return False


class Budget:
    """How many more lines of code may be written."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self.left = most

    def spend(self, lines: int) -> None:
        """Take some; what has been begun is finished."""
        self.left -= lines


class Shapes(dict[Keys, Judge]):
    """Key tuple to judge, of one type."""

    def __init__(self, make: Callable[[Keys, Any], Judge | None], budget: Budget) -> None:
        """A table without shapes.

        Args:
            make: Compiles the judge of a shape, after the first object met that has it; None where nothing that has
                this shape is fine.
            budget: Shared by the tables of all types; `make` spends it.
        """
        super().__init__()
        self._make = make
        self._budget = budget

    def __missing__(self, keys: Keys) -> Judge:
        """The judge of a shape that is met for the first time."""
        return partial(self._meet, keys)

    def _meet(self, keys: Keys, value: Any, path: Path, check: Any) -> bool:
        if value.__class__ is not dict or len(self) >= MOST_OF_A_TYPE or self._budget.left <= 0:
            return False
        self[keys] = refuse  # which it remains if making its code fails
        judge = self._make(keys, value)
        if judge is None:
            del self[keys]
            return False
        self[keys] = judge
        return judge(value, path, check)
