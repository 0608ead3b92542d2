"""XML of real resources: the same after being XML, and the other way round."""

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.xml import parse_xml, read_xml, serialize_xml

TYPES = ("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter", "ConceptMap", "CapabilityStatement")
EVERY = 60
"""One resource in so many: all 4,578 take a minute and find no more."""

# Defects of the examples themselves.
KNOWN = {
    "CodeSystem-UKCore-EthnicCategoryScotland.xml": (
        "CodeSystem.concept[3]: no text between elements expected, some found"
    ),
    "UKCore-Observation-Lab-Albumin-Example.xml": "Observation.meta: expected before text, found after it",
    "UKCore-Questionnaire-EOLPlan-Example.xml": (
        "Questionnaire.item[0].item[0].item[0].extension: expected before linkId, found after it"
    ),
}


def canonical(value: Any) -> Any:
    """The value, narratives in the one form that XML has for what says the same (c14n)."""
    if isinstance(value, dict):
        return {
            key: etree.canonicalize(item) if key == "div" and isinstance(item, str) else canonical(item)
            for key, item in value.items()
        }
    return [canonical(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("type", TYPES)
def test_a_resource_of_the_specification_is_the_same_after_being_xml(definitions: Definitions, type: str) -> None:
    resources: list[Resource] = list(definitions.all(type))[::EVERY]
    assert resources
    for resource in resources:
        again = parse_xml(serialize_xml(resource, definitions.types), definitions.types)
        assert canonical(again) == canonical(resource), resource["id"]


def test_uk_core_is_the_same_after_being_json(definitions: Definitions, ukcore: Path) -> None:
    files = sorted(ukcore.glob("*/*.xml"))
    assert len(files) > 500
    odd: list[tuple[str, str]] = []
    for file in files:
        document = read_xml(file.read_bytes(), definitions.types)
        odd += [(file.name, issue.diagnostics) for issue in document.issues]
        written = serialize_xml(document.resource, definitions.types)
        assert parse_xml(written, definitions.types) == document.resource, file.name
    assert dict(odd) == KNOWN


def test_no_narrative_brings_along_namespaces_it_does_not_need(definitions: Definitions, ukcore: Path) -> None:
    file = next(path for path in sorted((ukcore / "examples").glob("*.xml")) if b"<div" in path.read_bytes())
    div = parse_xml(file.read_bytes(), definitions.types)["text"]["div"]
    assert re.findall(r"xmlns[^=]*=\"[^\"]*\"", div) == ['xmlns="http://www.w3.org/1999/xhtml"']
