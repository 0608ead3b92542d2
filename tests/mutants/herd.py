"""Originals gathered from all sources that are at hand, each judged once: valid ones to break, and faulty ones."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.mutants import sources
from tests.mutants.ground import Ground
from tests.mutants.original import Original
from tests.mutants.specimens import specimen

from careloom.definitions import Definitions
from careloom.model.issues import Issue

_HL7 = "http://hl7.org/fhir/"
_UK = "https://fhir.hl7.org.uk/"


@dataclass(slots=True)
class Herd:
    """Originals on one set of definitions.

    Attributes:
        ground: Definitions, validator, and what the mutator needs.
        valid: Originals without errors.
        faulty: Originals with the errors that the validator finds.
        unmade: Types and profiles of which chance made no valid specimen.
    """

    ground: Ground
    valid: list[Original] = field(default_factory=list)
    faulty: list[tuple[Original, list[Issue]]] = field(default_factory=list)
    unmade: list[str] = field(default_factory=list)

    def take(self, originals: Iterable[Original]) -> None:
        """Judge originals and put each where it belongs."""
        for original in originals:
            errors = self.ground.errors(original)
            if errors:
                self.faulty.append((original, errors))
            else:
                self.valid.append(original)

    def breed(self, canonicals: Iterable[str], *, seed: int) -> None:
        """Make a specimen of each type or profile."""
        for canonical in canonicals:
            made = specimen(self.ground, canonical, seed=seed)
            if made is None:
                self.unmade.append(canonical)
            else:
                self.take([made])


def core_herd(definitions: Definitions, *, seed: int, per_type: int, suites: Path | None = None) -> Herd:
    """Originals on R4 core.

    Args:
        definitions: R4 core.
        seed: Decides which resources of the package are taken, and what specimens are like.
        per_type: Resources of the package to take of each type.
        suites: Folder of the public suites.
    """
    herd = Herd(Ground(definitions))
    herd.take(sources.core_originals(Random(seed), per_type))
    herd.take(sources.clinical_originals())
    herd.breed(sources.resource_types(definitions), seed=seed)
    herd.breed(sources.resource_profiles(definitions, _HL7), seed=seed)
    if suites is not None:
        herd.take(sources.suite_originals(suites, definitions))
    return herd


def ukcore_herd(core: Definitions, root: Path, *, seed: int) -> Herd:
    """Originals on UK Core: its examples, and a specimen of each of its profiles."""
    herd = Herd(Ground(sources.ukcore_definitions(root, core)))
    herd.take(sources.ukcore_examples(root, herd.ground.definitions))
    herd.breed(sources.resource_profiles(herd.ground.definitions, _UK), seed=seed)
    return herd
