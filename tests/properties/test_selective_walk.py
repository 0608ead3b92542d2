"""Walking only where something is wrong finds what walking everywhere does: the same issues, in the same order."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.mutants import sources
from tests.mutants.ground import Ground
from tests.mutants.mutator import Mutator
from tests.mutants.original import Original

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.synth import PROFILES, population
from careloom.validation import Validator

SEED = 20_261_122


def test_mutants_of_core_are_judged_alike_by_both_walks(definitions: Definitions) -> None:
    originals = [*sources.core_originals(Random(SEED), 2), *sources.clinical_originals(), *_records(False)]

    _assert_judged_alike(definitions, originals, each=12)


def test_mutants_of_uk_core_are_judged_alike_by_both_walks(definitions: Definitions, ukcore: Path) -> None:
    known = sources.ukcore_definitions(ukcore, definitions)
    originals = [*sources.ukcore_examples(ukcore, known), *_records(True)]

    _assert_judged_alike(known, originals, each=6)


@pytest.mark.parametrize("wrong", [0, 7, 19])
def test_one_wrong_entry_of_a_bundle_is_told_as_by_a_walk_through_all(definitions: Definitions, wrong: int) -> None:
    quick, slow = Validator(definitions), Validator(definitions, quick=False)
    entries: list[dict[str, Any]] = [
        {"fullUrl": f"http://hospital.test/fhir/{one['resourceType']}/{one['id']}", "resource": one}
        for one in islice(population(5), 20)
    ]
    entries[wrong] = entries[wrong] | {"resource": {**entries[wrong]["resource"], "unknown": 1, "language": "x y"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}

    expected = slow.validate(bundle)

    assert any(issue.is_error for issue in expected)
    assert expected == quick.validate(bundle)


def test_an_id_in_an_entry_is_not_taken_for_a_second_one_where_the_entry_is_walked_again(
    definitions: Definitions,
) -> None:
    quick, slow = Validator(definitions), Validator(definitions, quick=False)
    named: Resource = {"resourceType": "Patient", "name": [{"id": "n", "family": "Okafor"}]}
    patients = [named, {"resourceType": "Patient"}]
    bundles = [
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": dict(one)} for one in (*patients, last)],
        }
        for last in (patients[1], {"resourceType": "Patient", "unknown": 1}, patients[0] | {"birthDate": "x"})
    ]

    assert [slow.validate(one) for one in bundles] == [quick.validate(one) for one in bundles]


def _records(is_profiled: bool) -> Iterator[Original]:
    for resource in islice(population(SEED), 60):
        type = resource["resourceType"]
        yield Original(f"record {resource['id']}", resource, PROFILES[type] if is_profiled else type, "records")


def _assert_judged_alike(definitions: Definitions, originals: list[Original], *, each: int) -> None:
    ground, slow = Ground(definitions), Validator(definitions, quick=False)
    wrong = 0
    for original in originals:
        ground.errors(original)
        for mutant in _mutants(original, ground, each):
            expected = slow.validate(mutant, profiles=original.profiles)
            wrong += any(issue.is_error for issue in expected)
            assert expected == ground.validator.validate(mutant, profiles=original.profiles), original.name

    assert wrong > 2 * len(originals)


def _mutants(original: Original, ground: Ground, each: int) -> Iterator[Resource]:
    mutator = Mutator(original, ground.shapes, ground.filler)
    for mutant in islice(mutator.visit(str(SEED)), each):
        yield mutant.broken(original.resource)
