"""Elements of profiles: what they say fits their types and their base."""

from typing import Any

import pytest
from tests.unit.validation.builders import BASE, profile
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
