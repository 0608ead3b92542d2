"""Elements of a definition: types, values, invariants and value sets."""

from typing import Any

import pytest
from tests.unit.validation.builders import BASE, judge, profile
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions

AT = "StructureDefinition.differential.element[0]"
SLICED = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
URL = "https://somewhere.test/StructureDefinition/base"
VALUE_SET = "http://hl7.org/fhir/ValueSet/languages"


def element(path: str, type: str, **fields: Any) -> dict[str, Any]:
    return {"path": path, "type": [{"code": type}], **fields}


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (element("Patient.gender", "code", binding={"strength": "required", "valueSet": VALUE_SET}), ""),
        (element("Patient.birthDate", "date", binding={"strength": "required", "valueSet": VALUE_SET}), AT),
        (element("Patient.active", "boolean", maxLength=1), AT),
        (element("Patient.birthDate", "date", minValueDate="1900-01-01"), ""),
        (element("Patient.gender", "code", minValueDate="1900-01-01"), AT),
        (element("Patient.gender", "code", fixedCode="male"), ""),
        (element("Patient.gender", "code", fixedString="male"), f"{AT}.fixed"),
        (element("Patient.gender", "code", patternCoding={"code": "male"}), f"{AT}.pattern"),
    ],
)
def test_an_element_says_what_its_type_can_have(definitions: Definitions, said: dict[str, Any], place: str) -> None:
    assert found(definitions, profile("Patient", said), "element-type") == ([place] if place else [])


@pytest.mark.parametrize(
    ("type", "place"),
    [
        ({"code": "Reference", "targetProfile": [BASE + "Organization"]}, ""),
        ({"code": "Reference", "targetProfile": [BASE + "HumanName"]}, f"{AT}.type[0].targetProfile[0]"),
        ({"code": "HumanName", "targetProfile": [BASE + "Organization"]}, f"{AT}.type[0].targetProfile[0]"),
    ],
)
def test_a_target_is_a_resource(definitions: Definitions, type: dict[str, Any], place: str) -> None:
    resource = profile("Patient", {"path": "Patient.managingOrganization", "type": [type]})
    assert found(definitions, resource, "element-type") == ([place] if place else [])


def test_an_extension_that_changes_no_meaning_is_no_modifier(definitions: Definitions) -> None:
    type = {"code": "Extension", "profile": [BASE + "patient-birthPlace"]}
    fine = profile("Patient", {"path": "Patient.extension", "sliceName": "a", "type": [type]})
    wrong = profile("Patient", {"path": "Patient.modifierExtension", "sliceName": "a", "type": [type]})
    assert found(definitions, fine, "element-type") == []
    assert found(definitions, wrong, "element-type") == [f"{AT}.type[0].profile[0]"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("Patient.identifier", ""),
        ("Patient.multipleBirth[x]", ""),
        ("Patient.maritalStatus", f"{AT}.slicing"),
        ("Patient", AT),
    ],
)
def test_only_what_may_repeat_is_sliced(definitions: Definitions, path: str, place: str) -> None:
    resource = profile("Patient", {"path": path, "slicing": SLICED})
    assert found(definitions, resource, "slicing-rule") == ([place] if place else [])


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ({"fixedCode": "male"}, {"fixedCode": "male"}, ""),
        ({"fixedCode": "male"}, {"fixedCode": "female"}, f"{AT}.fixed"),
        ({"fixedCode": "male"}, {"patternCode": "female"}, f"{AT}.pattern"),
        ({"patternCode": "male"}, {"fixedCode": "male"}, ""),
        ({"patternCode": "male"}, {"fixedCode": "female"}, f"{AT}.fixed"),
    ],
)
def test_what_the_base_fixes_stays(
    definitions: Definitions, before: dict[str, Any], after: dict[str, Any], place: str
) -> None:
    base = profile("Patient", {"path": "Patient.gender", **before}, url=URL)
    resource = profile("Patient", {"path": "Patient.gender", **after}, baseDefinition=URL)
    assert found(definitions, resource, "element-value", extra=[base]) == ([place] if place else [])


@pytest.mark.parametrize(
    ("fields", "is_fine"),
    [
        ({}, True),
        ({"key": "dom-2"}, False),
        ({"source": BASE + "Other"}, False),
        ({"expression": "name.exists("}, False),
    ],
    ids=["right", "key of the base", "source elsewhere", "no FHIRPath"],
)
def test_an_invariant_has_a_key_of_its_own_and_can_be_read(
    definitions: Definitions, fields: dict[str, Any], is_fine: bool
) -> None:
    invariant = {"key": "p-1", "severity": "error", "human": "x", "expression": "name.exists()", **fields}
    resource = profile("Patient", {"path": "Patient", "constraint": [invariant]})
    assert found(definitions, resource, "invariant-rule") == ([] if is_fine else [f"{AT}.constraint[0]"])


GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
SLICING = {
    "path": "Patient.identifier",
    "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"},
}


def told(definitions: Definitions, *elements: dict[str, Any], type: str = "Patient") -> list[tuple[str, str, str]]:
    issues = judge(definitions, profile(type, *elements))
    told = [(issue.severity, issue.rule, issue.expression) for issue in issues]
    return [one for one in told if one[1] in ("slice-name", "value-set", "element-type")]


def bound(value_set: str, path: str = "Patient.gender") -> dict[str, Any]:
    return {"path": path, "binding": {"strength": "required", "valueSet": value_set}}


@pytest.mark.parametrize("value_set", [GENDER, f"{GENDER}|4.0.1", "http://snomed.info/sct?fhir_vs=isa/404684003"])
def test_a_value_set_that_is_there_is_fine(definitions: Definitions, value_set: str) -> None:
    assert told(definitions, bound(value_set)) == []


def test_a_value_set_that_is_nowhere_is_a_warning(definitions: Definitions) -> None:
    place = "StructureDefinition.differential.element[0].binding.valueSet"
    assert told(definitions, bound("http://example.org/ValueSet/none")) == [("warning", "value-set", place)]


def test_an_address_of_something_else_is_an_error(definitions: Definitions) -> None:
    assert [one[:2] for one in told(definitions, bound(BASE + "Patient"))] == [("error", "value-set")]


def test_a_value_set_on_what_has_no_codes_is_an_error(definitions: Definitions) -> None:
    parts = [
        {
            "id": "Extension.extension:kind",
            "path": "Extension.extension",
            "sliceName": "kind",
            "binding": {"strength": "required", "valueSet": GENDER},
        },
    ]
    issues = told(definitions, *parts, type="Extension")
    assert issues == [("error", "element-type", "StructureDefinition.differential.element[0].binding")]


@pytest.mark.parametrize(
    ("said", "rule", "is_fine"),
    [
        ({"fixedCode": "male"}, "element-type", True),
        ({"fixedString": "male"}, "element-type", False),
        ({"patternString": "male"}, "element-type", False),
        ({"binding": {"strength": "required", "valueSet": GENDER}}, "element-binding", True),
        (
            {"binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/observation-status"}},
            "element-binding",
            False,
        ),
    ],
)
def test_what_an_element_says_fits_the_types_and_the_codes_that_the_base_gives_it(
    definitions: Definitions, said: dict[str, Any], rule: str, is_fine: bool
) -> None:
    issues = judge(definitions, profile("Patient", {"path": "Patient.gender", **said}))
    assert ([issue for issue in issues if issue.rule == rule] == []) is is_fine


@pytest.mark.parametrize(
    ("strength", "told"),
    [("extensible", []), ("required", []), ("preferred", ["warning"]), ("example", ["warning"])],
)
def test_a_binding_weaker_than_an_extensible_one_of_the_base_is_told(
    definitions: Definitions, strength: str, told: list[str]
) -> None:
    said = {"path": "Patient.maritalStatus", "binding": {"strength": strength, "valueSet": VALUE_SET}}
    issues = judge(definitions, profile("Patient", said))
    assert [issue.severity for issue in issues if "or stronger" in issue.diagnostics] == told
    assert [issue for issue in issues if issue.rule == "snapshot"] == []
