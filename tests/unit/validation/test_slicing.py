"""Slicing by every kind of discriminator, under every rule."""

from typing import Any

import pytest
from tests.unit.validation.builders import by_profile, judge, observation, patient, profile

from careloom.definitions import Definitions
from careloom.model import Resource


def sliced(path: str, discriminator: str, where: str, **rules: Any) -> dict[str, Any]:
    slicing = {"discriminator": [{"type": discriminator, "path": where}], "rules": "open", **rules}
    return {"path": path, "slicing": slicing}


def part(path: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{path}:{name}", "path": path, "sliceName": name, **fields}


def inside(path: str, name: str, child: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{path}:{name}.{child}", "path": f"{path}.{child}", **fields}


NHS = "https://fhir.nhs.uk/Id/nhs-number"
BY_SYSTEM = (
    sliced("Patient.identifier", "value", "system"),
    part("Patient.identifier", "nhs", min=1, max="1"),
    inside("Patient.identifier", "nhs", "system", min=1, fixedUri=NHS),
    inside("Patient.identifier", "nhs", "value", min=1),
)


def test_a_slice_is_found_by_a_fixed_value(definitions: Definitions) -> None:
    assert (
        by_profile(definitions, patient(identifier=[{"value": "1"}, {"system": NHS, "value": "2"}]), *BY_SYSTEM) == []
    )


def test_a_missing_slice_is_told_at_the_list(definitions: Definitions) -> None:
    found = by_profile(definitions, patient(identifier=[{"value": "1"}]), *BY_SYSTEM)
    assert found == ["Patient.identifier: slice nhs: at least 1 expected, 0 found"]


def test_a_surplus_slice_is_told_at_the_surplus_item(definitions: Definitions) -> None:
    twice = patient(identifier=[{"system": NHS, "value": "1"}, {"system": NHS, "value": "2"}])
    assert by_profile(definitions, twice, *BY_SYSTEM) == [
        "Patient.identifier[1]: slice nhs: at most 1 expected, 2 found"
    ]


def test_the_content_of_a_slice_is_checked(definitions: Definitions) -> None:
    found = by_profile(definitions, patient(identifier=[{"system": NHS}]), *BY_SYSTEM)
    assert found == ["Patient.identifier[0].value: at least 1 expected, 0 found"]


def test_a_closed_slicing_takes_nothing_else(definitions: Definitions) -> None:
    closed = (sliced("Patient.identifier", "value", "system", rules="closed"), *BY_SYSTEM[1:])
    found = by_profile(definitions, patient(identifier=[{"system": NHS, "value": "1"}, {"value": "2"}]), *closed)
    assert found == ["Patient.identifier[1]: one of the slices nhs expected, none matches"]


def test_open_at_the_end_takes_others_only_there(definitions: Definitions) -> None:
    at_end = (sliced("Patient.identifier", "value", "system", rules="openAtEnd"), *BY_SYSTEM[1:])
    nhs, other = {"system": NHS, "value": "1"}, {"value": "2"}
    assert by_profile(definitions, patient(identifier=[nhs, other]), *at_end) == []
    found = by_profile(definitions, patient(identifier=[other, nhs]), *at_end)
    assert found == ["Patient.identifier[0]: slices nhs expected first, something else found"]


CATEGORY = "Observation.category"
CODE = {"coding": [{"system": "http://example.org/c", "code": "a"}]}


@pytest.mark.parametrize("discriminator", ["pattern", "value"])
def test_a_slice_is_found_by_a_pattern_on_the_item_itself(definitions: Definitions, discriminator: str) -> None:
    elements = (
        sliced(CATEGORY, discriminator, "$this"),
        part(CATEGORY, "a", min=1, patternCodeableConcept=CODE),
    )
    assert by_profile(definitions, observation(category=[{"text": "x"}, {**CODE, "text": "y"}]), *elements) == []
    assert by_profile(definitions, observation(category=[{"text": "x"}]), *elements) == [
        "Observation.category: slice a: at least 1 expected, 0 found"
    ]


def test_a_slice_of_a_choice_is_found_by_type(definitions: Definitions) -> None:
    elements = (
        sliced("Observation.value[x]", "type", "$this"),
        part("Observation.value[x]", "valueQuantity", type=[{"code": "Quantity"}]),
        inside("Observation.value[x]", "valueQuantity", "unit", min=1),
    )
    assert by_profile(definitions, observation(valueString="x"), *elements) == []
    assert by_profile(definitions, observation(valueQuantity={"value": 1}), *elements) == [
        "Observation.value.unit: at least 1 expected, 0 found"
    ]


def test_a_slice_is_found_by_what_exists(definitions: Definitions) -> None:
    name = "Patient.name"
    elements = (
        sliced(name, "exists", "period"),
        part(name, "former", max="1"),
        inside(name, "former", "period", min=1),
        part(name, "current", max="1"),
        inside(name, "current", "period", max="0"),
    )
    former, current = {"family": "x", "period": {"end": "2020"}}, {"family": "y"}
    assert by_profile(definitions, patient(name=[former, current]), *elements) == []
    assert by_profile(definitions, patient(name=[current, current]), *elements) == [
        "Patient.name[1]: slice current: at most 1 expected, 2 found"
    ]


def test_slices_in_order_stay_in_order(definitions: Definitions) -> None:
    elements = (
        sliced("Patient.telecom", "value", "system", ordered=True),
        part("Patient.telecom", "phone"),
        inside("Patient.telecom", "phone", "system", min=1, fixedCode="phone"),
        part("Patient.telecom", "email"),
        inside("Patient.telecom", "email", "system", min=1, fixedCode="email"),
    )
    phone, email = {"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}
    assert by_profile(definitions, patient(telecom=[phone, email]), *elements) == []
    assert by_profile(definitions, patient(telecom=[email, phone]), *elements) == [
        "Patient.telecom[1]: slices in the order phone, email expected"
    ]


def test_a_slice_is_found_by_what_a_reference_means(definitions: Definitions) -> None:
    path = "Patient.generalPractitioner"
    target = {"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Organization"]}
    elements = (sliced(path, "type", "resolve()"), part(path, "practice", min=1, type=[target]))

    def with_target(type: str) -> Resource:
        contained = {"resourceType": type, "id": "t", "identifier": [{"value": "1"}]}
        return patient(contained=[contained], generalPractitioner=[{"reference": "#t"}])

    assert by_profile(definitions, with_target("Organization"), *elements) == []
    assert by_profile(definitions, with_target("Practitioner"), *elements) == [
        "Patient.generalPractitioner: slice practice: at least 1 expected, 0 found"
    ]


def test_an_item_that_two_slices_mean_is_told(definitions: Definitions) -> None:
    elements = (
        sliced("Patient.identifier", "value", "use"),
        part("Patient.identifier", "a"),
        inside("Patient.identifier", "a", "use", min=1, fixedCode="usual"),
        part("Patient.identifier", "b"),
        inside("Patient.identifier", "b", "use", min=1, patternCode="usual"),
    )
    found = by_profile(definitions, patient(identifier=[{"use": "usual"}, {"use": "old"}]), *elements)
    assert found == ["Patient.identifier[0]: one slice at most expected, a and b match"]


def test_slices_that_nothing_tells_apart_are_no_fault_of_the_data(definitions: Definitions) -> None:
    elements = (
        sliced("Patient.identifier", "type", "$this"),
        part("Patient.identifier", "a"),
        part("Patient.identifier", "b"),
    )
    assert by_profile(definitions, patient(identifier=[{"value": "1"}]), *elements) == []


RESLICED = (
    sliced("Patient.identifier", "value", "system"),
    part("Patient.identifier", "nhs", min=1),
    inside("Patient.identifier", "nhs", "system", min=1, fixedUri=NHS),
    {
        **part("Patient.identifier", "nhs", min=1),
        "slicing": {"discriminator": [{"type": "value", "path": "use"}], "rules": "closed"},
    },
    part("Patient.identifier", "nhs/official", max="1", min=1),
    inside("Patient.identifier", "nhs/official", "use", min=1, fixedCode="official"),
)


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        (["official"], []),
        ([], ["slice nhs: at least 1", "slice nhs/official: at least 1"]),
        (["official", "official"], ["slice nhs/official: at most 1"]),
        (["official", "old"], ["one of the slices nhs/official expected"]),
    ],
)
def test_a_slice_is_sliced_again(definitions: Definitions, uses: list[str], expected: list[str]) -> None:
    elements = (RESLICED[0], RESLICED[3], *RESLICED[2:3], *RESLICED[4:])
    items = [{"system": NHS, "use": use} for use in uses]
    found = by_profile(definitions, patient(**({"identifier": items} if items else {})), *elements)
    assert len(found) == len(expected)
    assert all(text in told for text, told in zip(expected, found, strict=True)), found


def test_slices_that_differ_in_nothing_but_what_no_type_tells_are_told(definitions: Definitions) -> None:
    path, target = "Observation.hasMember", "http://hl7.org/fhir/StructureDefinition/Observation"
    slices = [part(path, name, type=[{"code": "Reference", "targetProfile": [target]}]) for name in ("one", "other")]
    member = observation(id="m")
    resource = observation(contained=[member], hasMember=[{"reference": "#m"}])
    told = by_profile(definitions, resource, sliced(path, "type", "resolve()"), *slices)
    assert told == ["Observation.hasMember[0]: one slice at most expected, one and other match"]


def test_what_is_found_out_to_choose_a_slice_is_told_all_the_same_when_the_slice_is_judged(
    definitions: Definitions,
) -> None:
    """A value set without content here: whether the item is of the slice is asked first, and must not count as told."""
    unknown = "https://nowhere.test/ValueSet/kinds"
    binding = {"strength": "required", "valueSet": unknown}
    elements = (
        sliced("Observation.category", "value", "$this"),
        part("Observation.category", "kind", min=1, max="1", binding=binding),
    )
    made = profile("Observation", *elements)
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    coded = observation(category=[{"coding": [{"system": system, "code": "laboratory"}]}])
    found = judge(definitions, coded, extra=[made], profiles=[made["url"]])
    assert [issue.expression for issue in found if unknown in issue.diagnostics] == ["Observation.category[0]"]
