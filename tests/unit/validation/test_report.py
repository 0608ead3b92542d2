"""Whole files: syntax, places, JSON and XML alike."""

import pytest

from careloom.definitions import Definitions
from careloom.validation import Report, Validator, validate_text


@pytest.fixture(scope="module")
def validator(definitions: Definitions) -> Validator:
    return Validator(definitions)


def judged(validator: Validator, text: str | bytes, name: str = "x.json") -> Report:
    return validate_text(validator, text.encode() if isinstance(text, str) else text, file_name=name)


def test_a_valid_file_has_a_resource_and_no_issues(validator: Validator) -> None:
    report = judged(validator, '{"resourceType": "Patient"}')
    assert (report.is_valid, report.resource, report.issues) == (True, {"resourceType": "Patient"}, ())


def test_an_issue_has_line_and_column(validator: Validator) -> None:
    report = judged(validator, '{\n  "resourceType": "Patient",\n  "gender": "boy"\n}')
    assert [(issue.expression, issue.line, issue.column) for issue in report.issues] == [("Patient.gender", 3, 13)]


def test_xml_is_judged_as_json_is(validator: Validator) -> None:
    text = '<Patient xmlns="http://hl7.org/fhir">\n  <gender value="boy"/>\n</Patient>'
    report = judged(validator, text, "x.xml")
    assert [(issue.expression, issue.line, issue.column) for issue in report.issues] == [("Patient.gender", 2, 3)]


def test_a_faulty_text_is_judged_in_spite_of_its_faults(validator: Validator) -> None:
    report = judged(validator, '{"resourceType": "Patient", "gender": "boy",}')
    assert [issue.rule for issue in report.issues] == ["json", "binding"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense",
        b'{"resourceType": "Patient"',
        b"[1, 2]",
        b'"Patient"',
        b'{"resourceType": "Patient", "id": "a", "id": "b"}',
        b'{"resourceType": "Patient", "name": [{"family": "\\ud800"}]}',
        b'{"resourceType": "Patient", "name": [{"family": "\xff"}]}',
        b'{"resourceType": "Pateint"}',
        b'{"resourceType": 7}',
        b"<Patient",
        b"<Patient xmlns='http://hl7.org/fhir'><nothing/></Patient>",
        b"\x00\x01\x02",
    ],
)
def test_bad_input_is_answered_with_an_error_at_a_place(validator: Validator, text: bytes) -> None:
    report = judged(validator, text, "x")
    assert not report.is_valid


def test_ten_thousand_levels_are_answered_with_an_error(validator: Validator) -> None:
    depth = 10_000
    report = judged(validator, b'{"resourceType":"Patient","extension":[' * depth + b"1" + b"]}" * depth)
    assert not report.is_valid


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<active/>", "Patient.active: ele-1: a value or extensions expected"),
        (
            '<extension><url value="http://hl7.org/fhir/StructureDefinition/data-absent-reason"/></extension>',
            "Patient.extension[0].url: an attribute expected, an element found",
        ),
        (
            '<active xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="boolean" value="true"/>',
            "Patient.active: no attributes of other namespaces expected",
        ),
    ],
)
def test_what_only_xml_can_get_wrong_is_told(validator: Validator, inside: str, what: str) -> None:
    report = judged(validator, f'<Patient xmlns="http://hl7.org/fhir">{inside}</Patient>'.encode(), "x.xml")
    assert any(issue.diagnostics.startswith(what) for issue in report.issues if issue.is_error)
