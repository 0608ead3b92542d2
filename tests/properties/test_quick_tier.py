"""The quick tier never changes what is told: with it and without it, the same issues in the same order."""

import copy
from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careloom.definitions import Definitions
from careloom.model import ExactDecimal, Resource, parse_json
from careloom.model.errors import MalformedError
from careloom.model.instants import utc_now
from careloom.synth import population
from careloom.terminology import Terminology
from careloom.validation import Validator
from careloom.validation.context import Run
from careloom.validation.inputs import layered, read_resource
from careloom.validation.options import Options
from careloom.validation.primitives import is_plain
from careloom.validation.quick.formats import GUARDS, NAMES
from careloom.validation.quick.tier import QuickTier
from careloom.validation.resources import ResourceWalker

UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
CORE_URL = "http://hl7.org/fhir/StructureDefinition/"
ORIGINALS: tuple[Resource, ...] = (
    *islice(population(3), 60),
    {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Surgery"}],
        "extension": [{"url": f"{CORE_URL}patient-birthPlace", "valueAddress": {"city": "Leeds"}}],
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ada</p></div>'},
        "name": [{"given": ["Ada", "Grace"], "_given": [None, {"id": "g2"}], "family": "Okafor"}],
        "birthDate": "1987-03-12",
        "_birthDate": {"extension": [{"url": f"{CORE_URL}patient-birthTime", "valueDateTime": "1987-03-12T04:00:00Z"}]},
        "photo": [{"contentType": "image/png", "data": "AAAA", "size": 3}],
        "managingOrganization": {"reference": "#o"},
    },
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "urn:uuid:0b1d5f9e-1d1e-4d5c-9a34-2b1c1c9b3f01",
                "resource": {"resourceType": "Patient", "gender": "female"},
            },
            {
                "fullUrl": "urn:uuid:0b1d5f9e-1d1e-4d5c-9a34-2b1c1c9b3f02",
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
                    "category": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                    "code": "vital-signs",
                                }
                            ]
                        }
                    ],
                    "subject": {"reference": "urn:uuid:0b1d5f9e-1d1e-4d5c-9a34-2b1c1c9b3f01"},
                    "effectiveDateTime": "2026-03-01",
                    "dataAbsentReason": {"text": "refused"},
                },
            },
        ],
    },
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**31, ExactDecimal("1.0"), ExactDecimal("1e400"), "", " ", "x", "two words", "a  b"),
    *("2026-02-30", "2026-13-01T00:00:00Z", "2026-02-28T23:59:60+14:00", "2026-02-28T10:00:00+15:00", "#x", "\x00"),
    *("http://example.org/x", "urn:uuid:X", "Patient/1", "Practitioner/1", "Patient?name=x"),
    *("unknown-code", "entered-in-error"),
    *([], {}, [None], [[]], [{}], {"id": "a"}, {"extension": [{"url": "http://example.org/e", "valueString": "e"}]}),
    *(
        [{"url": "http://unknown.test/e", "valueString": "e"}],
        {"reference": "Patient/1"},
        {"system": "urn:x", "code": "c"},
    ),
)


@pytest.fixture(scope="module")
def tiers(definitions: Definitions) -> tuple[Validator, Validator]:
    return Validator(definitions), Validator(definitions, quick=False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutant_is_judged_alike_by_both_tiers(tiers: tuple[Validator, Validator], data: st.DataObject) -> None:
    quick, slow = tiers
    mutant = copy.deepcopy(data.draw(st.sampled_from(ORIGINALS)))
    for _ in range(data.draw(st.integers(0, 3))):
        _mutate(mutant, data)

    assert slow.validate(mutant) == quick.validate(mutant)


@pytest.mark.parametrize(
    "second",
    [
        {"system": "http://loinc.org", "code": "8867-4", "display": None},
        {"system": "http://loinc.org", "display": "Heart rate"},
        {"system": "http://loinc.org"},
        {"system": "http://loinc.org", "code": "8867-4"},
    ],
)
def test_a_coding_remembered_is_not_taken_for_another(
    tiers: tuple[Validator, Validator], second: dict[str, Any]
) -> None:
    quick, slow = tiers
    first = {"system": "http://loinc.org", "code": "8867-4"}
    observations = [
        {"resourceType": "Observation", "status": "final", "code": {"coding": codings}}
        for codings in ([first], [first], [first, second], [second], [second])
    ]

    assert [slow.validate(one) for one in observations] == [quick.validate(one) for one in observations]


def test_a_known_code_is_not_taken_for_an_unknown_one_of_its_system(definitions: Definitions) -> None:
    url = "http://codes.test/part"
    part = {"resourceType": "CodeSystem", "url": url, "content": "fragment", "concept": [{"code": "known"}]}
    known = definitions.with_resources([part])
    quick, slow = Validator(known), Validator(known, quick=False)
    observations = [
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": url, "code": code} for code in codes]},
        }
        for codes in (["other"], ["other", "known"], ["known"], ["known", "other"], ["known"])
    ]

    assert [slow.validate(one) for one in observations] == [quick.validate(one) for one in observations]


def test_a_concept_without_code_is_not_remembered_for_its_extension(tiers: tuple[Validator, Validator]) -> None:
    quick, slow = tiers
    status = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"}]}
    extension = {"extension": [{"url": "http://example.org/e", "valueString": "e"}]}
    allergies = [
        {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"}, "clinicalStatus": one}
        for one in (status, status | extension, status | extension, status)
    ]

    assert [slow.validate(one) for one in allergies] == [quick.validate(one) for one in allergies]


def test_what_the_quick_tier_lets_pass_is_all_of_what_is_fine(
    tiers: tuple[Validator, Validator], definitions: Definitions
) -> None:
    _, slow = tiers
    tier = QuickTier(slow.library)
    fine = [one for one in ORIGINALS if all(issue.rule == "terminology" for issue in slow.validate(one))]
    begin = partial(_run, slow, definitions)
    passed = [one for one in fine if tier.issues(one, (), begin, is_closed=True) is not None]

    assert len(fine) >= 60
    assert fine == passed


@pytest.mark.parametrize("part", ["suite", "core"])
def test_public_resources_are_judged_alike_by_both_tiers(
    tiers: tuple[Validator, Validator], part: str, request: pytest.FixtureRequest, definitions: Definitions
) -> None:
    quick, slow = tiers
    found = _suite(request.getfixturevalue("suites")) if part == "suite" else _core(definitions)
    different = [name for name, resource in found if slow.validate(resource) != quick.validate(resource)]

    assert [] == different


def test_uk_core_examples_and_records_are_judged_alike_by_both_tiers(definitions: Definitions, ukcore: Path) -> None:
    folders = ("structuredefinitions", "valuesets", "codesystems", "conceptmaps")
    known = layered(definitions, files=(file for one in folders for file in sorted((ukcore / one).glob("*.xml"))))
    quick, slow = Validator(known), Validator(known, quick=False)
    examples = [read_resource(file, known) for file in sorted((ukcore / "examples").glob("*.xml"))]
    different = []
    for resource in (*examples, *islice(population(4), 100)):
        asked = UK_CORE + str(resource["resourceType"])
        profiles = (asked,) if known.find(asked) else ()
        quick.validate(resource)
        if slow.validate(resource, profiles=profiles) != quick.validate(resource, profiles=profiles):
            different.append(resource.get("id"))

    assert len(examples) > 100
    assert [] == different


@settings(max_examples=400, deadline=None)
@given(
    type=st.sampled_from(sorted(GUARDS)),
    value=st.sampled_from(ODD_VALUES)
    | st.text(alphabet="0123456789-:+TZW. ", max_size=32)
    | st.from_regex(
        r"[0-2][0-9]{3}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-][01][0-9]:[0-6][0-9]))?"
    )
    | st.text(max_size=8)
    | st.integers()
    | st.booleans(),
)
def test_a_guard_lets_pass_exactly_what_the_rule_does(type: str, value: Any) -> None:
    try:
        is_wrong = eval(GUARDS[type].format("value"), dict(NAMES), {"value": value})
    except (TypeError, AttributeError):
        is_wrong = True

    assert is_plain(type, value) != bool(is_wrong)


def _run(validator: Validator, definitions: Definitions) -> Run:
    return Run(ResourceWalker(), validator.library, Terminology(definitions), Options(), utc_now, None)


def _mutate(resource: Resource, data: st.DataObject) -> None:
    """One change at a place by chance: take away, replace, double, rename, or put something beside."""
    holder, key = data.draw(st.sampled_from(list(_places(resource))))
    change = data.draw(st.sampled_from(["drop", "replace", "wrap", "rename", "beside", "first"]))
    value = holder[key]
    if change == "replace":
        holder[key] = copy.deepcopy(data.draw(st.sampled_from(ODD_VALUES)))
    elif change == "wrap":
        holder[key] = [value, copy.deepcopy(value)]
    elif change == "drop" or isinstance(holder, list):
        del holder[key]
    elif change == "rename":
        holder[data.draw(st.sampled_from(["id", "extension", "value", "valueString", "unknown", f"{key}x"]))] = (
            holder.pop(key)
        )
    elif change == "beside":
        holder[f"_{key}"] = copy.deepcopy(data.draw(st.sampled_from(ODD_VALUES)))
    else:
        others = {name: holder.pop(name) for name in list(holder) if name != key}
        holder.update(others)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pending = [value]
    while pending:
        node = pending.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            if isinstance(node[key], dict | list):
                pending.append(node[key])


def _suite(folder: Path) -> Iterator[tuple[str, Resource]]:
    for file in sorted((folder / "validator").glob("*.json")):
        try:
            value = parse_json(file.read_bytes())
        except MalformedError:
            continue
        if isinstance(value, dict) and "resourceType" in value:
            yield file.name, value


@cache
def _core(definitions: Definitions) -> tuple[tuple[str, Resource], ...]:
    """A hundred of the resources of the specification's own package: deep, and with the most invariants."""
    types = ("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter", "OperationDefinition", "ConceptMap")
    return tuple((one["url"], one) for type in types for one in islice(definitions.all(type), 3, 60, 3))
