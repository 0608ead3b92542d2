"""A type model of a few types, small enough to see whole, and a way to evaluate on it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from careloom.definitions import TypeModel
from careloom.fhirpath import Environment, compile_expression
from careloom.model import Resource
from careloom.model.errors import NotFoundError

# Name: (kind, base, elements); an element's name ends in * where it repeats, and its types are separated by spaces.
TYPES: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "Resource": ("resource", "", {"id": "id"}),
    "DomainResource": ("resource", "Resource", {"contained*": "Resource", "extension*": "Extension"}),
    "Patient": (
        "resource",
        "DomainResource",
        {
            "active": "boolean",
            "name*": "HumanName",
            "gender": "code",
            "birthDate": "date",
            "deceased[x]": "boolean dateTime",
            "contact*": {"name": "HumanName", "gender": "code"},
            "managingOrganization": "Reference",
        },
    ),
    "Organization": ("resource", "DomainResource", {"name": "string"}),
    "Observation": (
        "resource",
        "DomainResource",
        {
            "status": "code",
            "value[x]": "Quantity string dateTime Period",
            "component*": {"value[x]": "Quantity string"},
        },
    ),
    "Element": ("complex-type", "", {"id": "string", "extension*": "Extension"}),
    "BackboneElement": ("complex-type", "Element", {}),
    "HumanName": ("complex-type", "Element", {"use": "code", "family": "string", "given*": "string"}),
    "Quantity": ("complex-type", "Element", {"value": "decimal", "unit": "string", "system": "uri", "code": "code"}),
    "Age": ("complex-type", "Quantity", {}),
    "Period": ("complex-type", "Element", {"start": "dateTime", "end": "dateTime"}),
    "Reference": ("complex-type", "Element", {"reference": "string"}),
    "Extension": ("complex-type", "Element", {"url": "uri", "value[x]": "string code Age dateTime"}),
    "string": ("primitive-type", "Element", {}),
    "code": ("primitive-type", "string", {}),
    "id": ("primitive-type", "string", {}),
    "uri": ("primitive-type", "Element", {}),
    "boolean": ("primitive-type", "Element", {}),
    "integer": ("primitive-type", "Element", {}),
    "decimal": ("primitive-type", "Element", {}),
    "date": ("primitive-type", "Element", {}),
    "dateTime": ("primitive-type", "Element", {}),
}

Evaluate = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def types() -> TypeModel:
    return TypeModel(_structure, frozenset({"Patient", "Organization", "Observation"}))


@pytest.fixture
def evaluate(types: TypeModel) -> Evaluate:
    """Evaluate on a resource, or on nothing; keywords beside ``strict`` go to the environment."""

    def run(expression: str, resource: Resource | None = None, *, strict: bool = False, **ports: Any) -> list[Any]:
        context = resource["resourceType"] if resource else None
        compiled = compile_expression(expression, types=types, context_type=context, strict=strict)
        return compiled.evaluate(resource, Environment(**ports))

    return run


def _structure(canonical_or_type: str, *, asked_by: str = "") -> Resource:
    if canonical_or_type not in TYPES:
        raise NotFoundError(canonical_or_type)
    kind, base, _ = TYPES[canonical_or_type]
    elements = [{"id": canonical_or_type, "path": canonical_or_type, "min": 0, "max": "*"}]
    return {
        "kind": kind,
        "derivation": "specialization",
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{base}" if base else "",
        "snapshot": {"element": [*elements, *_elements(canonical_or_type, _inherited(canonical_or_type))]},
    }


def _inherited(name: str) -> dict[str, Any]:
    _, base, own = TYPES[name]
    return {**(_inherited(base) if base else {}), **own}


def _elements(path: str, elements: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, content in elements.items():
        below = f"{path}.{name.rstrip('*')}"
        codes = ["BackboneElement"] if isinstance(content, dict) else content.split()
        yield {
            "id": below,
            "path": below,
            "min": 0,
            "max": "*" if name.endswith("*") else "1",
            "type": [{"code": code} for code in codes],
        }
        if isinstance(content, dict):
            yield from _elements(below, {**_inherited("BackboneElement"), **content})
