"""What one rule finds in a resource, and conformance resources with defaults."""

from collections.abc import Sequence
from typing import Any

from tests.unit.validation.builders import judge

from careloom.definitions import Definitions
from careloom.model import Resource

CODES = "https://somewhere.test/CodeSystem/colours"
VALUES = "https://somewhere.test/ValueSet/colours"


def found(
    definitions: Definitions, resource: Resource, rule: str, *, extra: Sequence[Resource] = (), severity: str = "error"
) -> list[str]:
    """Where a rule finds errors, or issues of another severity."""
    issues = judge(definitions, resource, extra=extra)
    return [issue.expression for issue in issues if issue.rule == rule and issue.severity == severity]


def code_system(*concepts: str | dict[str, Any], **fields: Any) -> Resource:
    """A complete code system; a concept may be given by its code."""
    listed = [{"code": concept} if isinstance(concept, str) else concept for concept in concepts]
    return {
        "resourceType": "CodeSystem",
        "url": CODES,
        "status": "active",
        "content": "complete",
        "concept": listed,
        **fields,
    }


def value_set(*includes: dict[str, Any], **fields: Any) -> Resource:
    return {
        "resourceType": "ValueSet",
        "url": VALUES,
        "status": "active",
        "compose": {"include": list(includes)},
        **fields,
    }


def concept(*codes: str, system: str = CODES) -> dict[str, Any]:
    """A CodeableConcept with these codes."""
    return {"coding": [{"system": system, "code": code} for code in codes]}
