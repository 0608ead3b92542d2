"""HL7's FHIRPath suite for R4, read where it lies; what does not pass is in `fhirpath_gaps.toml`, with its reason."""

import importlib.util
import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.suites import hooks
from tests.suites.conftest import Tell

from careloom.definitions import Definitions
from careloom.fhirpath import Environment, Expression, compile_expression

FLOOR = 0.99
GAPS: Mapping[str, str] = tomllib.loads(Path(__file__).with_name("fhirpath_gaps.toml").read_text("utf-8"))["gaps"]


@pytest.fixture(scope="module")
def outcomes(suites: Path, definitions: Definitions) -> dict[str, str]:
    """What is wrong with each test, empty where it passes."""
    folder = suites / "fhirpath"
    tests = json.loads((folder / "tests.json").read_text("utf-8"))["tests"]
    resources = {name: _resource(folder, name) for name in {test["input"] for test in tests}}
    score = _score(folder)
    return {test["id"]: _outcome(test, resources[test["input"]], score) for test in tests}


def test_no_test_fails_that_is_not_listed(outcomes: dict[str, str]) -> None:
    assert {} == {id: why for id, why in outcomes.items() if why and id not in GAPS}


def test_no_test_passes_that_is_listed(outcomes: dict[str, str]) -> None:
    assert [] == [id for id in GAPS if not outcomes.get(id, "unknown id")]


def test_the_floor_holds(outcomes: dict[str, str], tell: Tell) -> None:
    passed = sum(not why for why in outcomes.values())
    tell(f"FHIRPath suite: {passed} of {len(outcomes)} tests pass ({passed / len(outcomes):.1%})")
    assert passed / len(outcomes) >= FLOOR


def test_results_are_the_same_when_the_type_of_the_resource_is_not_known(
    suites: Path, definitions: Definitions
) -> None:
    """Two ways through the compiler: steps resolved while compiling, and steps resolved by the data."""
    folder = suites / "fhirpath"
    for test in json.loads((folder / "tests.json").read_text("utf-8"))["tests"]:
        if "invalid" not in test:
            resource = _resource(folder, test["input"])
            known, unknown = (
                compile_expression(test["expression"], types=definitions.types, context_type=context)
                for context in (resource and resource["resourceType"], None)
            )
            assert _told(known, resource) == _told(unknown, resource), test["id"]


def _told(expression: Expression, resource: Any) -> list[tuple[str, str]]:
    environment = Environment(now=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    return [(node.type_name, str(node.value)) for node in expression.evaluate_typed(resource, environment)]


def _outcome(test: Mapping[str, Any], resource: Any, score: ModuleType) -> str:
    passed, typed, why = score.check(test, lambda: hooks.evaluate(test["expression"], resource))
    return "" if passed and typed else why or "a type has the wrong name"


def _resource(folder: Path, name: str | None) -> Any:
    return hooks.prepare(json.loads((folder / "inputs" / name).read_text("utf-8"))) if name else None


def _score(folder: Path) -> ModuleType:
    """The suite's own judge."""
    spec = importlib.util.spec_from_file_location("fhirpath_score", folder / "score.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
