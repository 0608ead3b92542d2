"""What a rule has at hand to break a site with, and the signature of a rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.mutants.filler import Filler
from tests.mutants.mutant import Mutant
from tests.mutants.shapes import Shapes
from tests.mutants.sites import Site

from careloom.model import Resource


@dataclass(frozen=True, slots=True)
class Workshop:
    """The resource to break, the definitions, values made by them, and chance."""

    resource: Resource
    shapes: Shapes
    filler: Filler
    random: Random


Break = Callable[[Site, Workshop], Iterator[Mutant]]
"""The mutants that a rule makes of a site: none, one, or several ways to break it."""
