"""Where a match in memory looks for the other resources that a chain or ``_has`` asks about."""

from collections.abc import Iterable
from typing import Protocol

from careloom.search.values import IndexValues


class Population(Protocol):
    """The living resources of one snapshot, by what refers to what."""

    def resolve(self, reference: str) -> IndexValues | None:
        """Index values of the living resource ``Type/id``; None if there is none."""
        ...

    def referring(self, type: str, parameter: str, target: str) -> Iterable[IndexValues]:
        """Those of the living resources of a type whose reference parameter leads to ``Type/id``."""
        ...
