from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.fhirpath import Node
from careloom.fhirpath.parser import parse
from careloom.validation.library import Library
from careloom.validation.quick.memos import in_force
from careloom.validation.quick.presence import EMPTY, SOME, UNKNOWN, VALUE, outcome, presence_of


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("dataAbsentReason.empty() or value.empty()", True),
        ("value.exists()", True),
        ("value.empty()", False),
        ("value.exists() and dataAbsentReason.exists()", False),
        ("extension.exists() != value.exists()", True),
        ("dataAbsentReason.coding.where(code = 'x').empty()", True),
        ("value > 3", None),
        ("value.hasValue()", True),
        ("component.hasValue()", None),
        ("value.exists() implies status = 'final'", None),
        ("dataAbsentReason.exists() implies status = 'final'", True),
        ("status = 'final' or value.exists()", None),
        ("dataAbsentReason", False),
        ("other.exists()", None),
        ("unknown.empty()", None),
        ("component.all(code.exists())", None),
        ("dataAbsentReason.all(code.exists())", True),
    ],
)
def test_an_invariant_comes_to_what_presence_decides(expression: str, expected: bool | None) -> None:
    presence = {
        "value": VALUE,
        "status": VALUE,
        "component": SOME,
        "dataAbsentReason": EMPTY,
        "extension": EMPTY,
        "unknown": UNKNOWN,
    }

    assert expected == outcome(parse(expression), presence)


SHAPES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Period", {"start": "2020-01-01"}),
    ("Extension", {"url": "http://a.test/e", "valueString": "x"}),
    ("Extension", {"url": "http://a.test/e"}),
    ("Quantity", {"value": 1, "code": "kg"}),
    ("Ratio", {"numerator": {"value": 1}}),
    ("Observation", {"resourceType": "Observation", "status": "final", "valueString": "x"}),
    ("Observation.referenceRange", {"appliesTo": [{"text": "x"}]}),
    ("Patient.contact", {"gender": "female"}),
    ("ContactPoint", {"value": "1"}),
    ("Timing.repeat", {"durationMax": 1, "count": 2}),
)


@pytest.mark.parametrize(("type", "value"), SHAPES)
def test_what_presence_decides_of_r4_is_what_evaluation_finds(
    definitions: Definitions, type: str, value: dict[str, Any]
) -> None:
    library = Library(definitions)
    node = library.node(type)
    assert node is not None
    presence = presence_of(node, tuple(value))
    decided = {one: outcome(parse(one.expression), presence) for one in in_force(node.constraints)}

    for constraint, expected in decided.items():
        if expected is not None:
            assert expected == library.expression(constraint.expression, type).is_true(Node(value, type)), (
                constraint.key
            )
