"""Codes against the value set of their place: how firmly, and what of a code is needed."""

from typing import Any

import pytest
from tests.unit.validation.builders import judge, observation, profile

from careloom.definitions import Definitions

STATUS = "http://hl7.org/fhir/observation-status"
FINAL = "https://somewhere.test/ValueSet/final"
ANY = "https://somewhere.test/ValueSet/any"
SETS = [
    {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": {"include": [{"system": STATUS, **({"concept": [{"code": "final"}]} if url == FINAL else {})}]},
    }
    for url in (FINAL, ANY)
]
MAX = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


def told(
    definitions: Definitions, code: dict[str, Any], strength: str, value_set: str = FINAL, max: str = ""
) -> set[str]:
    """The severities of what is said about a code that is bound."""
    binding: dict[str, Any] = {"strength": strength, "valueSet": value_set}
    if max:
        binding["extension"] = [{"url": MAX, "valueCanonical": max}]
    bound = profile("Observation", {"path": "Observation.code", "binding": binding})
    issues = judge(definitions, observation(code=code), extra=[bound, *SETS], profiles=[bound["url"]])
    return {issue.severity for issue in issues if issue.rule in ("binding", "terminology")}


def coded(code: str, system: str = STATUS) -> dict[str, Any]:
    return {"coding": [{"code": code, **({"system": system} if system else {})}]}


@pytest.mark.parametrize(
    ("code", "severities"),
    [
        (coded("final"), set()),
        (coded("amended"), {"error"}),
        (coded("final", ""), {"warning"}),
        ({"coding": [{"display": "Final"}]}, {"error"}),
        ({"text": "final"}, {"error"}),
    ],
    ids=["in the set", "not in it", "without a system nobody knows", "no code", "words alone"],
)
def test_a_required_set_insists_on_a_code_of_its_own(
    definitions: Definitions, code: dict[str, Any], severities: set[str]
) -> None:
    assert told(definitions, code, "required") == severities


def test_of_a_value_set_that_is_not_here_nothing_is_wrong(definitions: Definitions) -> None:
    missing = "https://somewhere.test/ValueSet/missing"
    assert told(definitions, {"text": "final"}, "required", missing) == {"warning"}
    assert told(definitions, coded("final"), "required", missing) == {"warning"}


@pytest.mark.parametrize(
    ("strength", "severities"), [("extensible", {"error", "warning"}), ("preferred", {"error"}), ("example", set())]
)
def test_the_greatest_set_holds_over_one_that_may_be_left(
    definitions: Definitions, strength: str, severities: set[str]
) -> None:
    assert told(definitions, {"text": "final"}, strength, max=ANY) == severities - {"warning"}
    assert told(definitions, coded("final", "https://somewhere.test/x"), strength, max=ANY) >= severities - {"warning"}
