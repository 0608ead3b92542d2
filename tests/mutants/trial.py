"""The validator on trial: mutants of valid resources, caught at the right element or escaped."""

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.mutants.ground import Ground
from tests.mutants.herd import Herd
from tests.mutants.mutant import Mutant
from tests.mutants.mutator import Mutator
from tests.mutants.original import Original

from careloom.model import Resource
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
        mutant = self.mutant
        change = f"{mutant.element} {mutant.change} at {mutant.places[0]}"
        return f"{mutant.rule}: {self.original.name}: {change}, told: {told}"


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


def run(herds: Iterable[Herd], *, count: int, seed: int) -> Result:
    """Break originals in turn, the same ones for the same seed, and let the validator judge each.

    Args:
        herds: Originals, of which the valid ones are broken.
        count: Mutants to make; fewer if there is nothing new to break.
        seed: Decides the order of the originals and what is broken.
    """
    result = Result()
    for original, ground, mutant in _mutants(herds, seed):
        broken = mutant.broken(original.resource)
        result.add(original, mutant, _judged(broken, original, ground))
        if result.made.total() >= count:
            break
    return result


def _judged(broken: Resource, original: Original, ground: Ground) -> list[Issue]:
    """The issues; an exception, which bad data must never cause, as an issue that is nowhere."""
    try:
        return ground.validator.validate(broken, profiles=original.profiles)
    except Exception as error:  # the trial goes on, and the report has it as an escape
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return [Issue("fatal", "exception", repr(error), "-", f"raised {error!r} at {frame.name}:{frame.lineno}")]


def _mutants(herds: Iterable[Herd], seed: int) -> Iterator[tuple[Original, Ground, Mutant]]:
    mutators = [
        (Mutator(original, herd.ground.shapes, herd.ground.filler), herd.ground)
        for herd in herds
        for original in herd.valid
    ]
    Random(seed).shuffle(mutators)
    for visit in range(_MOST_VISITS):
        for mutator, ground in mutators:
            for mutant in mutator.visit(f"{seed}/{visit}"):
                yield mutator.original, ground, mutant
