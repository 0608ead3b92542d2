"""What every peer judges: made-up records that are valid, and some of them with one thing wrong."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random

from tests.mutants.ground import Ground
from tests.mutants.mutator import Mutator
from tests.mutants.original import Original

from careloom.definitions import Definitions
from careloom.model import Resource, serialize_json
from careloom.synth import population

SEED = 20_261_122
ORIGINALS = 60


def write_clean(path: Path, count: int) -> None:
    """Clinical records, one a line."""
    _write(path, islice(population(SEED), count))


def write_broken(path: Path, count: int) -> None:
    """Clinical records with one thing wrong in each, made as ``make mutants`` makes them."""
    _write(path, Random(SEED).sample(list(_broken()), count))


def _broken() -> Iterator[Resource]:
    ground = Ground(Definitions.load())
    for number, resource in enumerate(islice(population(SEED), ORIGINALS)):
        original = Original(f"record {number}", resource, resource["resourceType"], "synth")
        mutants = Mutator(original, ground.shapes, ground.filler).visit(str(SEED))
        yield from (mutant.broken(resource) for mutant in mutants)


def _write(path: Path, resources: Iterable[Resource]) -> None:
    path.write_bytes(b"".join(serialize_json(each) + b"\n" for each in resources))
