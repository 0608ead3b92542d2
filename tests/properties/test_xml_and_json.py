"""A resource in XML and the same in JSON are told the same, broken or not."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.model.issues import Issue
from careloom.model.xml import read_xml
from careloom.validation import Validator, validate_text

EVERY = 4
"""One example in so many, each broken in several ways."""

EMPTY = "ele-1: a value or extensions expected, none found"
"""Told of ``<birthDate/>``, which JSON cannot say."""

FHIR = "{http://hl7.org/fhir}"
CHANGES = ("none", "drop", "twice", "rename", "value", "no value", "id", "empty")
VALUES = ("x y", "-1", "2023-02-30", "", " ", "true", "a" * 70, "1.50", "http://x y", "1e400")


@pytest.mark.parametrize("change", CHANGES)
def test_xml_is_told_what_json_is_told(definitions: Definitions, ukcore: Path, change: str) -> None:
    validator = Validator(definitions)
    files = sorted((ukcore / "examples").glob("*.xml"))[CHANGES.index(change) % EVERY :: EVERY]
    assert len(files) > 20
    for file in files:
        xml = broken(file.read_bytes(), change, Random(file.name))
        json = serialize_json(read_xml(xml, definitions.types).resource)
        assert sorted(told(validator, xml, "a.xml")) == sorted(told(validator, json, "a.json")), file.name


def told(validator: Validator, data: bytes, file_name: str) -> Iterator[tuple[str, ...]]:
    """All but what only XML can have: the order of elements, namespaces, text between elements, empty primitives."""
    issues: tuple[Issue, ...] = validate_text(validator, data, file_name=file_name).issues
    for issue in issues:
        assert issue.line > 0, issue
        if issue.rule != "xml" and not issue.diagnostics.endswith(EMPTY):
            yield issue.severity, issue.code, issue.rule, issue.expression, issue.diagnostics


def broken(data: bytes, change: str, random: Random) -> bytes:
    root = etree.fromstring(data, etree.XMLParser(remove_comments=True))
    element = random.choice([one for one in root.iter(f"{FHIR}*") if one.getparent() is not None])
    parent = element.getparent()
    assert parent is not None
    match change:
        case "drop":
            parent.remove(element)
        case "twice":
            parent.insert(parent.index(element), deepcopy(element))
        case "rename":
            element.tag = f"{FHIR}colour"
        case "value":
            element.set("value", random.choice(VALUES))
        case "no value":
            element.attrib.pop("value", "")
        case "id":
            element.set("id", "an-id")
        case "empty":
            del element[:]
    return etree.tostring(root)
