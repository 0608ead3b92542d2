"""Concept maps: codes that exist on both sides, within value sets that are value sets."""

from typing import Any

from tests.unit.validation.rules.findings import CODES, VALUES, code_system, found, value_set

from careloom.definitions import Definitions
from careloom.model import Resource

COLOURS = code_system("red", "blue")


def concept_map(source: str, target: str, **fields: Any) -> Resource:
    element = {"code": source, "target": [{"code": target, "equivalence": "equivalent"}]}
    group = {"source": CODES, "target": CODES, "element": [element]}
    return {"resourceType": "ConceptMap", "status": "active", "group": [group], **fields}


def test_codes_that_exist_are_fine(definitions: Definitions) -> None:
    assert found(definitions, concept_map("red", "blue"), "concept-map", extra=[COLOURS]) == []


def test_a_code_exists_on_either_side(definitions: Definitions) -> None:
    places = found(definitions, concept_map("pink", "grey"), "concept-map", extra=[COLOURS])
    element = "ConceptMap.group[0].element[0]"
    assert places == [f"{element}.code", f"{element}.target[0].code"]


def test_of_a_system_without_content_nothing_is_said(definitions: Definitions) -> None:
    assert found(definitions, concept_map("pink", "grey"), "concept-map") == []


def test_a_code_is_in_the_value_set_of_its_side(definitions: Definitions) -> None:
    reds = value_set({"system": CODES, "concept": [{"code": "red"}]})
    resource = concept_map("red", "blue", sourceCanonical=VALUES, targetCanonical=VALUES)
    places = found(definitions, resource, "concept-map", extra=[COLOURS, reds])
    assert places == ["ConceptMap.group[0].element[0].target[0].code"]


def test_a_side_is_a_value_set(definitions: Definitions) -> None:
    resource = concept_map("red", "blue", sourceUri=CODES)
    assert found(definitions, resource, "concept-map", extra=[COLOURS]) == ["ConceptMap.source"]
