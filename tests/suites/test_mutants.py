"""Broken on purpose: a sample of what ``make mutants`` does in full."""

from pathlib import Path
from random import Random

import pytest
from tests.mutants.herd import Herd, core_herd, ukcore_herd
from tests.mutants.known import unlisted_escapes, unlisted_faults
from tests.mutants.mutant import Mutant
from tests.mutants.mutator import Mutator
from tests.mutants.sources import clinical_originals
from tests.mutants.trial import run

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.model.issues import Issue, Severity

SEED = 2026
COUNT = 300
LEAST_SHARE = 0.99


@pytest.fixture(scope="module")
def core(definitions: Definitions) -> Herd:
    return core_herd(definitions, seed=SEED, per_type=1)


@pytest.fixture(scope="module")
def uk(definitions: Definitions, ukcore: Path) -> Herd:
    return ukcore_herd(definitions, ukcore, seed=SEED)


def test_unbroken_resources_of_core_have_no_errors(core: Herd) -> None:
    assert [] == unlisted_faults(core)


def test_unbroken_resources_of_ukcore_have_no_errors(uk: Herd) -> None:
    assert [] == unlisted_faults(uk)


def test_what_is_broken_by_core_is_told_at_the_right_element(core: Herd) -> None:
    result = run([core], count=COUNT, seed=SEED)
    assert [] == unlisted_escapes(result.escapes)
    assert result.made.total() == COUNT
    assert result.share >= LEAST_SHARE


def test_what_is_broken_by_ukcore_is_told_at_the_right_element(uk: Herd) -> None:
    result = run([uk], count=COUNT, seed=SEED)
    assert [] == unlisted_escapes(result.escapes)
    assert result.made.total() == COUNT
    assert result.share >= LEAST_SHARE


@pytest.mark.parametrize(
    ("severity", "place", "is_caught"),
    [
        ("error", "Patient.name[1]", True),
        ("error", "Patient.name", True),
        ("error", "Patient.name[1].given[0]", False),
        ("error", "Patient", False),
        ("error", "Patient.contact[0].name", False),
        ("warning", "Patient.name[1]", False),
    ],
)
def test_only_an_error_at_the_element_is_a_catch(severity: Severity, place: str, is_caught: bool) -> None:
    mutant = Mutant("second-value", "Patient.name", "twice", (), ("Patient.name[0]",))
    assert mutant.is_caught([Issue(severity, "structure", "", place)]) is is_caught


def test_the_same_seed_makes_the_same_mutants(core: Herd) -> None:
    original = Random(SEED).choice(core.valid)
    first, second = (list(Mutator(original, core.ground.shapes, core.ground.filler).visit("a")) for _ in range(2))
    assert first
    assert first == second


def test_every_mutant_differs_from_its_original_and_leaves_it_alone(core: Herd) -> None:
    for original in clinical_originals():
        before = serialize_json(original.resource)
        mutator = Mutator(original, core.ground.shapes, core.ground.filler)
        broken = [serialize_json(mutant.broken(original.resource)) for mutant in mutator.visit("a")]
        assert broken
        assert before not in broken
        assert serialize_json(original.resource) == before
