"""Primitive types: what each takes and what it refuses."""

from typing import Any

import pytest
from tests.unit.validation.builders import judge, patient

from careloom.definitions import Definitions
from careloom.model import ExactDecimal
from careloom.validation import Validator
from careloom.validation.primitives import MAX_STRING, is_plain, primitive_fault


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("boolean", True),
        ("integer", -5),
        ("decimal", ExactDecimal("1.00")),
        ("decimal", 3),
        ("positiveInt", 1),
        ("unsignedInt", 0),
        ("string", "Ada\n\tNgozi"),
        ("code", "two words"),
        ("id", "a-1.b"),
        ("uri", "urn:uuid:0d8ecb19-8b7d-4a2a-8c6a-1ab1f9e7b2a3"),
        ("uri", "urn:oid:2.16.840.1"),
        ("oid", "urn:oid:1.2.3"),
        ("uuid", "urn:uuid:0d8ecb19-8b7d-4a2a-8c6a-1ab1f9e7b2a3"),
        ("date", "2024-02-29"),
        ("date", "2024-02"),
        ("date", "2024"),
        ("dateTime", "2024-02-29T23:59:60Z"),
        ("dateTime", "2024-02-29"),
        ("instant", "2024-02-29T10:00:00.123+14:00"),
        ("time", "08:30:00.5"),
        ("base64Binary", "SGVs\n bG8="),
        ("markdown", "**yes**"),
    ],
)
def test_a_right_value_has_no_fault(type: str, value: Any) -> None:
    assert primitive_fault(type, value) is None


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("boolean", "true"),
        ("boolean", 1),
        ("integer", True),
        ("integer", 2**31),
        ("integer", ExactDecimal("1.0")),
        ("decimal", "1.0"),
        ("decimal", False),
        ("positiveInt", 0),
        ("unsignedInt", -1),
        ("string", ""),
        ("string", "x" * (MAX_STRING + 1)),
        ("string", ["a"]),
        ("code", " a"),
        ("code", "a  b"),
        ("id", "a_b"),
        ("id", "x" * 65),
        ("uri", "has space"),
        ("uri", "urn:uuid:0D8ECB19-8b7d-4a2a-8c6a-1ab1f9e7b2a3"),
        ("uri", "urn:oid:9.1"),
        ("oid", "1.2.3"),
        ("uuid", "0d8ecb19-8b7d-4a2a-8c6a-1ab1f9e7b2a3"),
        ("date", "2023-02-29"),
        ("date", "2024-13"),
        ("date", "not a date"),
        ("dateTime", "2024-02-30T10:00:00Z"),
        ("dateTime", "2024-02-28T10:00:00"),
        ("dateTime", "2024-02-28T24:00:00Z"),
        ("instant", "2024-02-28"),
        ("time", "8:30"),
        ("base64Binary", "S"),
    ],
)
def test_a_wrong_value_has_a_fault(type: str, value: Any) -> None:
    assert primitive_fault(type, value) is not None


@pytest.mark.parametrize(
    ("type", "value"),
    [("string", "   "), ("string", "\u00a0"), ("string", "a\x00b"), ("markdown", "\t"), ("canonical", "#a")],
)
def test_what_a_text_should_not_be_is_no_fault_but_not_plain(type: str, value: str) -> None:
    assert primitive_fault(type, value) is None
    assert not is_plain(type, value)


@pytest.mark.parametrize("quick", [True, False])
def test_a_text_of_space_is_told_as_a_warning(definitions: Definitions, quick: bool) -> None:
    (issue,) = Validator(definitions, quick=quick).validate(patient(name=[{"family": "  "}]))
    assert (issue.severity, issue.expression) == ("warning", "Patient.name[0].family")


@pytest.mark.parametrize(("id", "is_fine"), [("logic", True), ("other", False)])
def test_a_canonical_within_the_resource_leads_to_a_contained_one(
    definitions: Definitions, id: str, is_fine: bool
) -> None:
    library = {"resourceType": "Library", "id": id, "status": "draft", "type": {"text": "x"}}
    plan = {"resourceType": "PlanDefinition", "status": "draft", "contained": [library], "library": ["#logic"]}
    told = [issue for issue in judge(definitions, plan) if issue.rule == "canonical-target"]
    assert (told == []) is is_fine
