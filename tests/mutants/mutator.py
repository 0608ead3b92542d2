"""The mutants of one valid resource, by chance and without end of variety, the same for the same seed."""

from collections.abc import Iterator
from random import Random

from tests.mutants.filler import Filler
from tests.mutants.mutant import Mutant
from tests.mutants.original import Original
from tests.mutants.rules.table import RULES
from tests.mutants.rules.workshop import Break, Workshop
from tests.mutants.shapes import Shapes
from tests.mutants.sites import Site, sites_of


class Mutator:
    """Breaks one original; each visit yields at most one mutant of each rule."""

    def __init__(self, original: Original, shapes: Shapes, filler: Filler) -> None:
        self.original = original
        self._shapes = shapes
        self._filler = filler
        self._sites = list(sites_of(original.resource, original.canonical, shapes))
        self._seen: set[str] = set()

    def visit(self, seed: str) -> Iterator[Mutant]:
        """New mutants, each unlike those of earlier visits; none when a rule has nothing more to break."""
        for rule in RULES:
            random = Random(f"{seed}/{self.original.name}/{rule.__name__}")
            workshop = Workshop(self.original.resource, self._shapes, self._filler, random)
            found = next(self._fresh(rule, workshop), None)
            if found is not None:
                self._seen.add(_signature(found))
                yield found

    def _fresh(self, rule: Break, workshop: Workshop) -> Iterator[Mutant]:
        for site in self._shuffled(workshop.random):
            mutants = list(rule(site, workshop))
            workshop.random.shuffle(mutants)
            yield from (mutant for mutant in mutants if _signature(mutant) not in self._seen)

    def _shuffled(self, random: Random) -> list[Site]:
        return random.sample(self._sites, len(self._sites))


def _signature(mutant: Mutant) -> str:
    return f"{mutant.element} {mutant.change} {[edit.keys for edit in mutant.edits]}"
