"""Codes, displays, units, identifiers, attachments, references, narrative."""

from typing import Any

import pytest
from tests.unit.validation.builders import bundle, errors, judge, observation, patient

from careloom.definitions import Definitions
from careloom.validation import Options, Validator

GENDER = "http://hl7.org/fhir/administrative-gender"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def coded(**coding: Any) -> list[dict[str, Any]]:
    return [{"coding": [coding]}]


def test_a_code_outside_a_required_binding_is_an_error(definitions: Definitions) -> None:
    found = errors(judge(definitions, patient(gender="boy")))
    assert found == [
        "Patient.gender: a code of http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1 expected, 'boy' found"
    ]


def test_a_code_outside_an_extensible_binding_is_a_warning(definitions: Definitions) -> None:
    issues = judge(definitions, patient(maritalStatus={"coding": [{"system": "http://example.org/m", "code": "x"}]}))
    assert [issue.severity for issue in issues if issue.rule == "binding"] == ["warning"]


def test_an_unknown_code_of_a_known_system_is_an_error_whatever_the_binding(definitions: Definitions) -> None:
    found = errors(judge(definitions, observation(category=coded(system=GENDER, code="boy"))))
    assert found == [f"Observation.category[0].coding[0].code: a code of {GENDER} expected, 'boy' found"]


def test_a_system_without_content_is_one_warning(definitions: Definitions) -> None:
    loinc = {"system": "http://loinc.org", "code": "1-8"}
    issues = judge(definitions, observation(category=[{"coding": [loinc]}, {"coding": [loinc]}]))
    assert [issue.severity for issue in issues if issue.rule == "terminology" and "loinc" in issue.diagnostics] == [
        "warning"
    ]


def test_a_system_that_is_only_declared_is_one_warning_that_says_how_to_supply_it(definitions: Definitions) -> None:
    snomed = [{"system": "http://snomed.info/sct", "code": code} for code in ("271649006", "271650006")]
    issues = judge(definitions, observation(category=[{"coding": [each]} for each in snomed]))
    told = [issue.diagnostics for issue in issues if "snomed" in issue.diagnostics]
    assert len(told) == 1
    assert "no content of it is here; to supply http://snomed.info/sct, load a package" in told[0]


def test_a_system_without_content_is_not_told_again_by_the_value_set_that_draws_on_it(definitions: Definitions) -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": {"reference": "Patient/1"},
        "reaction": [{"manifestation": coded(system="http://snomed.info/sct", code="39579001")}],
    }
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://example.org/Allergy",
        "name": "Allergy",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "AllergyIntolerance",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/AllergyIntolerance",
        "derivation": "constraint",
        "differential": {
            "element": [
                {
                    "id": "AllergyIntolerance.reaction.manifestation",
                    "path": "AllergyIntolerance.reaction.manifestation",
                    "binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/clinical-findings"},
                }
            ]
        },
    }
    extended = definitions.with_resources([profile])
    issues = judge(extended, allergy, profiles=("http://example.org/Allergy",))
    assert [issue.severity for issue in issues if issue.rule == "terminology"] == ["warning"]


def test_of_a_system_of_which_a_part_is_here_unknown_codes_are_told(definitions: Definitions) -> None:
    fragment = {
        "resourceType": "CodeSystem",
        "url": "http://codes.test/part",
        "status": "active",
        "content": "fragment",
        "concept": [{"code": "known"}],
    }
    validator = Validator(definitions.with_resources([fragment]))
    for code, count in (("known", 0), ("other", 1), ("known", 0), ("other", 1), ("known", 0)):
        issues = validator.validate(observation(category=coded(system="http://codes.test/part", code=code)))
        told = [issue.diagnostics for issue in issues if issue.rule == "terminology" and "part" in issue.diagnostics]
        assert len(told) == count
        assert all("only a part of it is here" in text for text in told)


def test_a_wrong_display_is_an_error_unless_told_otherwise(definitions: Definitions) -> None:
    resource = observation(category=coded(system=GENDER, code="male", display="Female"))
    assert errors(judge(definitions, resource)) == [
        f"Observation.category[0].coding[0].display: 'Male' expected for {GENDER}#male, 'Female' found"
    ]
    assert errors(judge(definitions, resource, options=Options(wrong_displays="warning"))) == []


def test_the_case_of_a_display_does_not_matter(definitions: Definitions) -> None:
    assert errors(judge(definitions, observation(category=coded(system=GENDER, code="male", display="MALE")))) == []


def test_a_unit_that_ucum_does_not_know_is_an_error(definitions: Definitions) -> None:
    quantity = {"value": 1, "system": "http://unitsofmeasure.org", "code": "bananas"}
    found = errors(judge(definitions, observation(valueQuantity=quantity)))
    assert found == ["Observation.value.code: a unit of UCUM expected, 'bananas' found"]


@pytest.mark.parametrize(
    "identifier", [{"system": "local", "value": "1"}, {"system": "urn:ietf:rfc:3986", "value": "2.16.840"}]
)
def test_an_identifier_without_absolute_addresses_is_an_error(
    definitions: Definitions, identifier: dict[str, Any]
) -> None:
    assert len(errors(judge(definitions, patient(identifier=[identifier])))) == 1


def test_the_size_of_an_attachment_is_that_of_its_data(definitions: Definitions) -> None:
    photo = [{"contentType": "text/plain", "data": "SGVsbG8=", "size": 6}]
    assert errors(judge(definitions, patient(photo=photo))) == [
        "Patient.photo[0].size: 5 (bytes of data) expected, 6 found"
    ]


def test_a_local_reference_needs_its_contained_resource(definitions: Definitions) -> None:
    found = errors(judge(definitions, patient(managingOrganization={"reference": "#o"})))
    assert found == [
        "Patient.managingOrganization.reference: ref-1: a contained resource expected for '#o', none found"
    ]


def test_a_reference_to_a_wrong_type_is_an_error(definitions: Definitions) -> None:
    found = errors(judge(definitions, patient(managingOrganization={"reference": "Patient/1"})))
    assert found == ["Patient.managingOrganization: a reference to Organization expected, to Patient found"]


def test_a_reference_in_a_bundle_means_the_entry_of_that_address(definitions: Definitions) -> None:
    base = "http://example.org/fhir/"
    resource = bundle(
        {
            "fullUrl": base + "Patient/1",
            "resource": patient(id="1", managingOrganization={"reference": "Organization/2"}),
        },
        {"fullUrl": base + "Organization/2", "resource": {"resourceType": "Organization", "id": "2", "name": "x"}},
    )
    assert errors(judge(definitions, resource)) == []


def test_a_contained_resource_is_referred_to(definitions: Definitions) -> None:
    contained = [{"resourceType": "Organization", "id": "o", "name": "x"}]
    assert [message[:31] for message in errors(judge(definitions, patient(contained=contained)))] == [
        "Patient.contained[0]: dom-3: a "
    ]


@pytest.mark.parametrize(
    ("div", "part"),
    [
        (f"<div {XHTML}><script>x</script></div>", "an element that narrative may have"),
        (f'<div {XHTML}><p onclick="x">x</p></div>', "an attribute that narrative may have"),
        (f"<div {XHTML}><p>x</div>", "well-formed XHTML"),
        (f"<div {XHTML}> </div>", "some content"),
        ("<div>x</div>", "a div of the namespace"),
        (f"<div {XHTML}>&nbsp;x</div>", "entities of XML alone"),
        (f'<div {XHTML}><a href="#there">x</a></div>', "leads somewhere in this narrative expected"),
        (f'<div {XHTML}><a href="javascript:x">x</a></div>', "a link that can be followed"),
    ],
)
def test_a_fault_of_the_narrative_is_told(definitions: Definitions, div: str, part: str) -> None:
    found = errors(judge(definitions, patient(text={"status": "generated", "div": div})))
    assert len(found) == 1
    assert part in found[0]


def test_a_narrative_with_a_link_to_itself_is_fine(definitions: Definitions) -> None:
    div = f'<div {XHTML}><a name="there"/><a href="#there">x</a></div>'
    assert errors(judge(definitions, patient(text={"status": "generated", "div": div}))) == []


def test_options_refuse_what_fhir_allows(definitions: Definitions) -> None:
    named = patient(
        name=[{"text": "<b>Ada</b>"}], photo=[{"url": "http://example.org/p.png", "contentType": "image/png"}]
    )
    assert errors(judge(definitions, named)) == []
    assert len(errors(judge(definitions, named, options=Options(check_security=True)))) == 1
    assert len(errors(judge(definitions, named, options=Options(allow_example_urls=False)))) == 1
