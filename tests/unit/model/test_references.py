"""Literal references, taken apart and rewritten."""

import pytest

from careloom.model.references import LiteralReference, parse_reference, references_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", LiteralReference("", "Patient", "1")),
        ("Patient/1/_history/2", LiteralReference("", "Patient", "1", "2")),
        ("https://hub.example/fhir/Patient/1", LiteralReference("https://hub.example/fhir/", "Patient", "1")),
        ("urn:uuid:0b5c4d5e-0000-4000-8000-000000000000", None),
        ("#contained", None),
        ("Patient", None),
        ("patient/1", None),
    ],
)
def test_a_reference_is_taken_apart(text: str, expected: LiteralReference | None) -> None:
    assert expected == parse_reference(text)


def test_references_are_found_at_any_depth_in_document_order() -> None:
    resource = {
        "subject": {"reference": "Patient/1"},
        "section": [{"entry": [{"reference": "Condition/2"}, {"reference": "List/3"}]}],
        "reference": 7,
    }
    assert ["Patient/1", "Condition/2", "List/3"] == [found["reference"] for found in references_in(resource)]
