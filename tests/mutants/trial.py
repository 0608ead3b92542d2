"""The validator on trial: mutants of originals, caught or escaped, and originals that it finds fault with."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.mutants.ground import Ground
from tests.mutants.mutant import Mutant
from tests.mutants.mutator import Mutator, Original

from careloom.model.issues import Issue

_MOST_VISITS = 200


@dataclass(frozen=True, slots=True)
class Escape:
    """A mutant that was not caught at the right element, and the errors told instead."""

    original: Original
    mutant: Mutant
    told: tuple[Issue, ...]

    @property
    def line(self) -> str:
        """One line for people."""
        told = "; ".join(f"{issue.expression} [{issue.rule}]" for issue in self.told) or "nothing"
        return f"{self.mutant.rule}: {self.original.name}: {self.mutant.what} at {self.mutant.places[0]}, told: {told}"


@dataclass(slots=True)
class Result:
    """How many mutants there were and were caught, by rule and by origin, and what went wrong."""

    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    caught: Counter[tuple[str, str]] = field(default_factory=Counter)
    escapes: list[Escape] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Caught of made."""
        return self.caught.total() / self.made.total()

    def add(self, original: Original, mutant: Mutant, issues: Iterable[Issue]) -> None:
        """Count a mutant by what the validator says of it."""
        told = tuple(issue for issue in issues if issue.is_error)
        self.made[mutant.rule, original.origin] += 1
        if mutant.is_caught(told):
            self.caught[mutant.rule, original.origin] += 1
        else:
            self.escapes.append(Escape(original, mutant, told))


def invalid(ground: Ground, originals: Iterable[Original]) -> Iterator[tuple[Original, list[Issue]]]:
    """Originals that the validator finds an error in, with the errors."""
    for original in originals:
        errors = ground.errors(original.resource, original.profiles)
        if errors:
            yield original, errors


def valid(ground: Ground, originals: Iterable[Original]) -> Iterator[Original]:
    """Originals without errors: those that can be broken."""
    return (original for original in originals if not ground.errors(original.resource, original.profiles))


def run(grounds: Mapping[str, tuple[Ground, list[Original]]], *, count: int, seed: int) -> Result:
    """Break originals in turn, the same ones for the same seed, and let the validator judge each.

    Args:
        grounds: Name to definitions, with the valid originals that go with them.
        count: Mutants to make; fewer if there is nothing new to break.
        seed: Decides the order of the originals and what is broken.
    """
    result = Result()
    for original, ground, mutant in _mutants(grounds, seed):
        broken = mutant.broken(original.resource)
        result.add(original, mutant, ground.validator.validate(broken, profiles=original.profiles))
        if result.made.total() >= count:
            break
    return result


def _mutants(
    grounds: Mapping[str, tuple[Ground, list[Original]]], seed: int
) -> Iterator[tuple[Original, Ground, Mutant]]:
    mutators = [
        (Mutator(original, ground.shapes, ground.filler), ground)
        for ground, originals in grounds.values()
        for original in originals
    ]
    Random(seed).shuffle(mutators)
    for visit in range(_MOST_VISITS):
        for mutator, ground in mutators:
            for mutant in mutator.visit(f"{seed}/{visit}"):
                yield mutator.original, ground, mutant
