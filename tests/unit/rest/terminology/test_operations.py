"""The terminology operations, asked of a hub that has packages and a record."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk
from tests.unit.terminology.building import CS, VS, code_system, filtered, listed, told, value_set
from tests.unit.terminology.operations.test_translate import MAP, THERE, concept_map, matches

from careloom.definitions import Definitions
from careloom.governance import parse_scopes
from careloom.model.resource import Resource
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.terminology import RecordedTerminology
from careloom.terminology import Terminology

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
DOGS = value_set(filtered("concept", "is-a", "dog"))


@pytest.fixture
async def here(desk: Desk, definitions: Definitions) -> Desk:
    """A hub that knows the living things from its record alone."""
    made = desk.with_hub(terminology=RecordedTerminology(Terminology(definitions)))
    for resource in (code_system(version="1"), DOGS, concept_map()):
        await made("PUT", f"{resource['resourceType']}/one", {**resource, "id": "one"})
    return made


def posted(*parts: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(parts)}


def listed_in(answer: FhirResponse) -> list[str]:
    assert answer.status == 200, answer.resource
    assert answer.resource is not None
    return [entry["code"] for entry in answer.resource["expansion"].get("contains", [])]


def said(answer: FhirResponse) -> dict[str, Any]:
    assert answer.status == 200, answer.resource
    assert answer.resource is not None
    return told(answer.resource)


def refused(answer: FhirResponse) -> str:
    assert answer.resource is not None
    assert answer.resource["resourceType"] == "OperationOutcome"
    return f"{answer.status} {answer.resource['issue'][0]['diagnostics']}"


async def test_a_value_set_of_a_package_is_expanded(here: Desk) -> None:
    assert ["male", "female", "other", "unknown"] == listed_in(await here("GET", f"ValueSet/$expand?url={GENDER}"))


async def test_a_value_set_of_the_record_is_expanded_over_a_code_system_of_the_record(here: Desk) -> None:
    for ask in (
        here("GET", f"ValueSet/$expand?url={VS}"),
        here("POST", "ValueSet/$expand", posted({"name": "url", "valueUri": VS})),
        here("POST", "ValueSet/$expand", posted({"name": "valueSet", "resource": DOGS})),
        here("POST", "ValueSet/$expand", DOGS),
        here("GET", "ValueSet/one/$expand"),
        here("POST", "ValueSet/one/$expand", posted()),
    ):
        assert ["dog", "puppy"] == listed_in(await ask)


async def test_what_is_imported_is_fetched_at_any_depth(here: Desk) -> None:
    outer = {**value_set({"valueSet": ["http://example.org/vs-middle"]}, url="http://example.org/vs-outer"), "id": "o"}
    middle = {**value_set({"valueSet": [VS]}, url="http://example.org/vs-middle"), "id": "m"}
    for each in (outer, middle):
        await here("PUT", f"ValueSet/{each['id']}", each)
    assert ["dog", "puppy"] == listed_in(await here("GET", "ValueSet/$expand?url=http://example.org/vs-outer"))


async def test_what_has_changed_in_the_record_changes_the_answer(here: Desk) -> None:
    assert ["puppy"] == listed_in(await here("GET", f"ValueSet/$expand?url={VS}&filter=pup"))
    await here("PUT", "ValueSet/one", {**value_set(listed("cat")), "id": "one"})
    assert ["cat"] == listed_in(await here("GET", f"ValueSet/$expand?url={VS}"))
    await here("DELETE", "ValueSet/one")
    assert refused(await here("GET", f"ValueSet/$expand?url={VS}")).startswith("404 value set")


async def test_codes_are_validated_against_value_set_and_code_system(here: Desk) -> None:
    coding = {"name": "coding", "valueCoding": {"system": CS, "code": "cat"}}
    for method, url, body, expected in (
        ("GET", f"ValueSet/$validate-code?url={VS}&system={CS}&code=puppy", None, True),
        ("GET", f"ValueSet/one/$validate-code?system={CS}&code=puppy", None, True),
        ("POST", "ValueSet/one/$validate-code", posted(coding), False),
        ("GET", f"CodeSystem/$validate-code?url={CS}&code=cat", None, True),
        ("GET", "CodeSystem/one/$validate-code?code=unicorn", None, False),
        ("POST", "CodeSystem/one/$validate-code", posted(coding), True),
    ):
        assert expected is said(await here(method, url, body))["result"], url


async def test_a_code_is_looked_up(here: Desk) -> None:
    answer = said(await here("GET", f"CodeSystem/$lookup?system={CS}&code=dog&displayLanguage=de"))
    assert ("Hund", "1") == (answer["display"], answer["version"])


async def test_who_is_above_whom_is_told(here: Desk) -> None:
    for path in (f"CodeSystem/$subsumes?system={CS}&", "CodeSystem/one/$subsumes?"):
        answer = await here("GET", f"{path}codeA=animal&codeB=puppy")
        assert {"outcome": "subsumes"} == said(answer)


async def test_a_code_is_translated(here: Desk) -> None:
    for path in (
        f"ConceptMap/$translate?url={MAP}&",
        "ConceptMap/one/$translate?",
        "ConceptMap/$translate?source=http://example.org/from&target=http://example.org/to&",
    ):
        answer = await here("GET", f"{path}system={CS}&code=dog")
        assert answer.resource is not None
        assert [("wider", "D")] == matches(answer.resource), path
    backward = await here("GET", f"ConceptMap/$translate?url={MAP}&system={THERE}&code=D&reverse=true")
    assert backward.resource is not None
    assert [("narrower", "dog")] == matches(backward.resource)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ValueSet/$expand", "400 url or valueSet expected"),
        ("ValueSet/$expand?url=http://nowhere.test", "404 value set http://nowhere.test"),
        (f"ValueSet/$expand?url={VS}&cuont=3", "400 $expand: no parameter 'cuont'"),
        (f"ValueSet/$expand?url={VS}&count=x", "400 count: a whole number"),
        (f"ValueSet/one/$expand?url={VS}", "400 url: not expected, since the address names the ValueSet"),
        ("ValueSet/two/$expand", "404 ValueSet/two is not known"),
        ("CodeSystem/$lookup?system=http://snomed.info/sct&code=1", "404 "),
        (f"CodeSystem/$lookup?system={CS}&code=unicorn", "404 "),
        (f"CodeSystem/$subsumes?system={CS}&codeA=dog", "400 codeB with system"),
        (f"ConceptMap/$translate?url={MAP}", "400 code with system"),
        ("ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-codes", "400 value set "),
    ],
)
async def test_what_cannot_be_answered_is_told(here: Desk, url: str, expected: str) -> None:
    assert refused(await here("GET", url)).startswith(expected)


async def test_what_a_client_may_not_search_is_not_drawn_on(here: Desk) -> None:
    poor = replace(GRANT, scopes=parse_scopes("system/ValueSet.rs"))
    assert refused(await here("GET", f"ValueSet/$expand?url={VS}", grant=poor)).startswith("400 value set")
    none = replace(GRANT, scopes=parse_scopes("system/Patient.rs"))
    assert refused(await here("GET", f"ValueSet/$expand?url={VS}", grant=none)).startswith("404 value set")
    assert 4 == len(listed_in(await here("GET", f"ValueSet/$expand?url={GENDER}", grant=none)))
    assert refused(await here("GET", "ValueSet/one/$expand", grant=none)).startswith("403 ")


async def test_the_same_question_is_answered_from_what_was_compiled(here: Desk) -> None:
    recorded = here.hub.terminology
    assert recorded is not None
    assert 200 == (await here("GET", f"ValueSet/$expand?url={VS}")).status
    kept = list(recorded._kept.values())
    assert 200 == (await here("GET", f"ValueSet/$expand?url={VS}")).status
    assert kept == list(recorded._kept.values())


async def test_a_search_gets_the_codes_of_the_record(here: Desk) -> None:
    recorded = here.hub.terminology
    request = FhirRequest("search-type", "GET", "Observation?code:in=x", type="Observation", grant=GRANT)
    assert recorded is not None
    codes = await recorded.for_search([VS, "ValueSet/one"], [CS], request, here.hub)
    for name in (VS, "ValueSet/one"):
        assert frozenset({(CS, "dog"), (CS, "puppy")}) == codes.value_set_codes(name)
    assert {"dog", "puppy"} == codes.subsumed(CS, "dog")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"code:in={VS}", ["puppy"]),
        ("code:in=ValueSet/one", ["puppy"]),
        (f"code:not-in={VS}", ["cat"]),
        (f"code:below={CS}|dog", ["puppy"]),
        (f"code:above={CS}|puppy", ["puppy"]),
        (f"code:below={CS}|animal", ["cat", "puppy"]),
    ],
)
async def test_a_search_finds_by_value_sets_and_hierarchies_of_the_record(
    here: Desk, query: str, expected: list[str]
) -> None:
    for code in ("puppy", "cat"):
        coded = {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": CS, "code": code}]}}
        await here("PUT", f"Observation/{code}", {**coded, "id": code})
    answer = await here("GET", f"Observation?{query}")
    assert answer.resource is not None
    assert expected == sorted(entry["resource"]["id"] for entry in answer.resource["entry"])


async def test_a_search_by_what_is_not_known_is_refused(here: Desk) -> None:
    assert "http://nowhere.test" in refused(await here("GET", "Observation?code:in=http://nowhere.test"))
    hierarchy = refused(await here("GET", "Observation?code:below=http://snomed.info/sct|1"))
    assert hierarchy.startswith("400 ")
    assert "careloom terminology load" in hierarchy


async def test_a_hub_without_terminology_says_so(desk: Desk) -> None:
    assert "400 $expand: this hub has no terminology" == refused(await desk("GET", f"ValueSet/$expand?url={VS}"))
