"""HL7's validator suite, development part: how far the verdicts agree, and every disagreement with its reason."""

import importlib.util
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.suites.conftest import Tell
from tests.suites.hooks import validate

GAPS = Path(__file__).with_name("validator_gaps.toml")
LEAST_AGREEMENT = 0.97
LEAST_F1_PER_RUN = 0.85

pytestmark = pytest.mark.usefixtures("definitions")


@pytest.fixture(scope="module")
def suite(suites: Path) -> Path:
    folder = suites / "validator"
    if not (folder / "score.py").is_file():
        pytest.skip(f"no validator suite in {suites}")
    return folder


@pytest.fixture(scope="module")
def score(suite: Path) -> ModuleType:
    """The scoring script that comes with the suite."""
    spec = importlib.util.spec_from_file_location("validator_score", suite / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(suite: Path, score: ModuleType) -> list[dict[str, Any]]:
    book = json.loads((suite / "manifest.json").read_text("utf-8"))
    runs = ((case, run) for case in book["cases"] for run in case["runs"] if run["class"] in score.SELECTED)
    return [judged(case, run, suite, score) for case, run in runs]


def judged(case: Mapping[str, Any], run: Mapping[str, Any], suite: Path, score: ModuleType) -> dict[str, Any]:
    arguments = score.arguments(run, case, suite, True)
    issues = score.to_issues(validate(arguments.pop("file"), **arguments))
    row: dict[str, Any] = score.judge(case, run, issues, None, 2)
    return row


def test_verdicts_agree_with_the_reference(rows: list[dict[str, Any]], score: ModuleType, tell: Tell) -> None:
    total = score.summarise(rows)
    tell(
        f"validator suite: {total['runs']} runs, verdict agreement {total['verdict_agreement']:.1%} "
        f"(balanced {total['balanced_agreement']:.1%}), F1 per run {total['error_f1_macro']:.1%}"
    )
    assert total["runs"] == 355
    assert total["verdict_agreement"] >= LEAST_AGREEMENT
    assert total["balanced_agreement"] >= LEAST_AGREEMENT
    assert total["error_f1_macro"] >= LEAST_F1_PER_RUN


def test_every_disagreement_is_listed_with_its_reason(rows: list[dict[str, Any]]) -> None:
    gaps = tomllib.loads(GAPS.read_text("utf-8"))["gap"]
    listed = sorted((gap["case"], gap["mode"]) for gap in gaps)
    assert sorted((row["id"], row["mode"]) for row in rows if not row["agree"]) == listed
    assert all(gap["reason"] for gap in gaps)
