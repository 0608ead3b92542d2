from typing import Any

import pytest
from tests.unit.definitions.small_core import BASE, profile, small_definitions

from careloom.definitions.snapshot.rules import violations

REFERENCE = {"code": "Reference", "targetProfile": [f"{BASE}Thing"]}
DEFINITIONS = small_definitions(profile("Child"))


def found(lower: dict[str, Any], upper: dict[str, Any]) -> list[str]:
    return list(violations(lower, upper, DEFINITIONS.find))


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ({"min": 0, "max": "*"}, {"min": 1, "max": "1"}),
        ({"min": 1, "max": "3"}, {"max": "2"}),
        ({"type": [{"code": "Quantity"}, {"code": "string"}]}, {"type": [{"code": "string"}]}),
        ({"type": [{"code": "Quantity"}]}, {"type": [{"code": "Age"}]}),
        ({"type": [{"code": "Resource"}]}, {"type": [{"code": "Thing"}]}),
        ({"type": [{"code": "Reference"}]}, {"type": [REFERENCE]}),
        ({"type": [REFERENCE]}, {"type": [{"code": "Reference", "targetProfile": ["http://test/Child"]}]}),
        ({"type": [REFERENCE]}, {"type": [{"code": "Reference", "targetProfile": ["http://unknown"]}]}),
        ({"binding": {"strength": "preferred"}}, {"binding": {"strength": "required"}}),
        ({"slicing": {"rules": "open"}}, {"slicing": {"rules": "closed"}}),
    ],
)
def test_narrowing_is_fine(lower: dict[str, Any], upper: dict[str, Any]) -> None:
    assert found(lower, upper) == []


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        ({"min": 1, "max": "1"}, {"min": 0}, "min: at least 1 expected as in the base, found 0"),
        ({"min": 0, "max": "1"}, {"max": "*"}, "max: at most 1 expected as in the base, found *"),
        ({"min": 0, "max": "2"}, {"min": 2, "max": "1"}, "min 2 is greater than max 1"),
        ({"type": [{"code": "Quantity"}]}, {"type": [{"code": "string"}]}, "type string: one of Quantity expected"),
        ({"type": [{"code": "Age"}]}, {"type": [{"code": "Quantity"}]}, "type Quantity: one of Age expected"),
        ({"type": [REFERENCE]}, {"type": [{"code": "Reference", "targetProfile": [f"{BASE}Coding"]}]}, "target"),
        (
            {"binding": {"strength": "required"}},
            {"binding": {"strength": "preferred"}},
            "binding: required expected as in the base, found preferred",
        ),
        ({"slicing": {"rules": "closed"}}, {"slicing": {"rules": "open"}}, "slicing: closed in the base, found open"),
    ],
)
def test_widening_is_told(lower: dict[str, Any], upper: dict[str, Any], message: str) -> None:
    (violation,) = found(lower, upper)
    assert violation.startswith(message)
