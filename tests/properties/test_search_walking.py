"""What is read along plain paths is what FHIRPath finds, for every search parameter of every type."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.mutants import sources
from tests.properties.strategies import resources

from careloom.definitions import Definitions
from careloom.fhirpath import Environment
from careloom.model import Resource, parse_json
from careloom.model.errors import InvalidError, MalformedError
from careloom.search import SearchParameters
from careloom.synth import population


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


def check(resource: Resource, registry: SearchParameters) -> int:
    """Hold both readings against each other, path by path; how many elements were found."""
    found = 0
    for paths in registry.paths(resource["resourceType"]).values():
        for path in paths:
            if path.walk is not None and (expected := evaluated(path, resource)) is not None:
                walked = path.walk(resource)
                told = f"{path.expression.text} of {resource['resourceType']}/{resource.get('id')}"
                assert ordered(walked) == ordered(expected), told
                found += len(walked)
    return found


def evaluated(path: Any, resource: Resource) -> list[tuple[Any, str]] | None:
    """None where the resource is not of the shape of its type, as many examples of the validator's on purpose."""
    try:
        nodes = path.expression.evaluate_typed(resource, Environment(resource=resource))
    except InvalidError:
        return None
    return [(node.value, node.type_name) for node in nodes if node.value is not None]


def ordered(found: Iterable[tuple[Any, str]]) -> list[str]:
    """A union has no order, and has nothing twice."""
    return sorted(set(map(repr, found)))


def test_nearly_all_parameters_of_r4_are_plain_paths(registry: SearchParameters) -> None:
    paths = [path for type in registry.resource_types() for each in registry.paths(type).values() for path in each]
    left = {path.expression.text for path in paths if path.walk is None}
    assert len(paths) > 2_500
    assert len(left) < 5, left


def test_examples_of_uk_core_are_read_alike(definitions: Definitions, registry: SearchParameters, ukcore: Path) -> None:
    known = sources.ukcore_definitions(ukcore, definitions)
    assert sum(check(each.resource, registry) for each in sources.ukcore_examples(ukcore, known)) > 1_000


def test_examples_of_the_suites_are_read_alike(registry: SearchParameters, suites: Path) -> None:
    found = 0
    for file in sorted(suites.rglob("*.json")):
        try:
            resource = parse_json(file.read_bytes())
        except MalformedError:
            continue
        if isinstance(resource, dict) and resource.get("resourceType") in registry.resource_types():
            found += check(resource, registry)
    assert found > 1_000


def test_records_are_read_alike(registry: SearchParameters) -> None:
    assert sum(check(each, registry) for each in islice(population(11), 300)) > 2_000


@settings(deadline=None, max_examples=150)
@given(resource=resources())
def test_random_resources_are_read_alike(resource: Resource, registry: SearchParameters) -> None:
    check(resource, registry)
