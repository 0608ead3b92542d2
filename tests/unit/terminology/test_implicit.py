"""Implicit value sets of SNOMED CT."""

import pytest
from tests.unit.terminology.building import SNOMED, code_system, concept, terminology

from careloom.terminology.implicit import implicit_value_set

CONTENT = {**code_system(concept("10", concept("11")), concept("20")), "url": SNOMED}


@pytest.mark.parametrize(
    ("query", "code", "expected"),
    [
        ("?fhir_vs", "20", "in"),
        ("?fhir_vs", "99", "out"),
        ("?fhir_vs=isa/10", "11", "in"),
        ("?fhir_vs=isa/10", "20", "out"),
        ("?fhir_vs=refset/10", "11", "unknown"),
        ("?fhir_vs=ecl/^10", "11", "unknown"),
    ],
)
def test_a_url_says_what_is_in(query: str, code: str, expected: str) -> None:
    assert expected == terminology(CONTENT).validate_code(SNOMED + query, system=SNOMED, code=code).result


def test_a_url_names_an_edition() -> None:
    edition = f"{SNOMED}/83821000000107"
    made = implicit_value_set(f"{edition}?fhir_vs")
    assert made is not None
    assert [{"system": SNOMED, "version": edition}] == made["compose"]["include"]


@pytest.mark.parametrize("url", ["http://example.org/vs", "http://example.org?fhir_vs", f"{SNOMED}x?fhir_vs", SNOMED])
def test_other_urls_imply_nothing(url: str) -> None:
    assert implicit_value_set(url) is None
