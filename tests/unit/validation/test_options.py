"""Choices of the caller that change what is told."""

from typing import Any

import pytest
from tests.unit.validation.builders import PROFILE, bundle, errors, judge, observation, patient, profile

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.validation import Options

CODES = "http://example.org/CodeSystem/colours"
VALUES = "http://example.org/ValueSet/colours"


def code_system(**fields: Any) -> Resource:
    return {
        "resourceType": "CodeSystem",
        "url": CODES,
        "name": "Colours",
        "status": "active",
        "content": "complete",
        "concept": [
            {
                "code": "red",
                "display": "Red",
                "designation": [{"language": "de", "value": "Rot"}, {"language": "fr", "value": "Rouge"}],
            }
        ],
        **fields,
    }


def value_set(display: str) -> Resource:
    concept = {"code": "red", "display": display}
    include = [{"system": CODES, "concept": [concept]}]
    return {"resourceType": "ValueSet", "url": VALUES, "status": "active", "compose": {"include": include}}


def coded(display: str) -> Resource:
    return observation(code={"coding": [{"system": CODES, "code": "red", "display": display}]})


def told(definitions: Definitions, resource: Resource, *extra: Resource, **options: Any) -> list[tuple[str, str]]:
    issues = judge(definitions, resource, extra=extra, options=Options(**options))
    return [(issue.severity, issue.rule) for issue in issues if issue.rule not in ("dom-6", "terminology")]


@pytest.mark.parametrize(
    ("display", "language", "expected"),
    [
        ("Rot", "", []),
        ("Rot", "de", []),
        ("Rot", "de-DE,en;q=0.5", [("error", "display")]),
        ("Rouge", "de", [("error", "display")]),
        ("Red", "de", []),
        ("Blue", "", [("error", "display")]),
    ],
)
def test_a_language_narrows_the_designations(
    definitions: Definitions, display: str, language: str, expected: list[tuple[str, str]]
) -> None:
    assert told(definitions, coded(display), code_system(), language=language) == expected


def bound(strength: str) -> Resource:
    binding = {"strength": strength, "valueSet": VALUES}
    return profile("Observation", {"path": "Observation.code", "binding": binding})


@pytest.mark.parametrize(
    ("strength", "expected"),
    [("required", []), ("extensible", []), ("preferred", []), ("example", [("error", "display")])],
)
def test_a_display_that_the_value_set_gives_is_right(
    definitions: Definitions, strength: str, expected: list[tuple[str, str]]
) -> None:
    claimed = {**coded("Crimson"), "meta": {"profile": [PROFILE]}}
    extra = [code_system(), value_set("Crimson"), bound(strength)]
    assert told(definitions, claimed, *extra) == expected


def test_a_display_that_neither_gives_is_wrong(definitions: Definitions) -> None:
    claimed = {**coded("Blue"), "meta": {"profile": [PROFILE]}}
    extra = [code_system(), value_set("Crimson"), bound("required")]
    assert told(definitions, claimed, *extra) == [("error", "display")]


@pytest.mark.parametrize(
    "suppressed", ["display", "display@Observation.code.coding.display", "display@Observation.code.coding[0].display"]
)
def test_what_is_suppressed_is_not_told(definitions: Definitions, suppressed: str) -> None:
    assert told(definitions, coded("Blue"), code_system(), suppressed=(suppressed,)) == []


def test_what_is_suppressed_elsewhere_is_told(definitions: Definitions) -> None:
    found = told(definitions, coded("Blue"), code_system(), suppressed=("display@Observation.value",))
    assert found == [("error", "display")]


@pytest.mark.parametrize(("url", "severity"), [(CODES, "warning"), ("http://hl7.org/fhir/colours", "error")])
def test_what_is_published_says_what_others_need(definitions: Definitions, url: str, severity: str) -> None:
    found = told(definitions, code_system(url=url, version="1", title="Colours"), for_publication=True)
    assert found == [(severity, "publication")] * 3  # experimental, description, caseSensitive


def test_without_publication_nothing_of_it_is_told(definitions: Definitions) -> None:
    assert told(definitions, code_system()) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("A <b>bold</b> word", 1),
        ("Less is <5 and more is >7", 0),
        ("See <https://example.org/a> or <a@b.org>", 0),
        ("`<b>` is code", 0),
        ("A comment <!-- here -->", 0),
        ("A break<br/>", 1),
    ],
)
def test_html_in_markdown_is_refused(definitions: Definitions, text: str, count: int) -> None:
    found = told(definitions, code_system(description=text), refuse_html=True)
    assert found == [("error", "primitive")] * count
    assert told(definitions, code_system(description=text)) == []


@pytest.mark.parametrize(
    ("rule", "places"),
    [("Patient", [0, 2]), ("Patient:1", [2]), ("2", [2]), ("0", [0]), ("Patient:0", [0])],
)
def test_chosen_entries_are_judged_by_a_profile(definitions: Definitions, rule: str, places: list[int]) -> None:
    entries = [
        {"fullUrl": f"urn:uuid:00000000-0000-0000-0000-00000000000{number}", "resource": resource}
        for number, resource in enumerate((patient(), observation(), patient()))
    ]
    for entry in entries:
        entry["resource"] = {**entry["resource"], "language": "en"}  # type: ignore[dict-item]
    named = profile("Patient", {"path": "Patient.name", "min": 1})
    options = Options(entry_profiles=((rule, PROFILE),))
    found = errors(judge(definitions, bundle(*entries), extra=[named], options=options))
    assert found == [f"Bundle.entry[{place}].resource.name: at least 1 expected, 0 found" for place in places]


def test_a_choice_about_no_entry_is_a_warning(definitions: Definitions) -> None:
    named = profile("Patient", {"path": "Patient.name", "min": 1})
    assert told(definitions, bundle(), named, entry_profiles=(("Patient", PROFILE),))[-1:] == [("warning", "entry")]
