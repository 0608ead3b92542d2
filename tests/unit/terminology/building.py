"""Code systems, value sets and a terminology of them; a test says only what it is about."""

from collections.abc import Mapping
from typing import Any

from careloom.definitions import Definitions
from careloom.definitions.layer import Layer
from careloom.model import Resource
from careloom.terminology import Terminology

CS = "http://example.org/cs"
VS = "http://example.org/vs"
OTHER = "http://example.org/vs-other"
SNOMED = "http://snomed.info/sct"


def concept(code: str, *below: Resource, properties: Mapping[str, Any] | None = None, **fields: Any) -> Resource:
    """A concept with concepts below; a property's JSON key follows from the type of its value."""
    made: Resource = {"code": code, "display": code.title(), **fields}
    if below:
        made["concept"] = list(below)
    if properties:
        made["property"] = [{"code": name, _key(value): value} for name, value in properties.items()]
    return made


def code_system(*concepts: Resource, **fields: Any) -> Resource:
    """Animals and plants, unless other concepts are given."""
    return {
        "resourceType": "CodeSystem",
        "url": CS,
        "status": "active",
        "content": "complete",
        "concept": list(concepts) or living_things(),
        **fields,
    }


def living_things() -> list[Resource]:
    """Two trees: an abstract animal above dog, cat and the withdrawn dodo; plant."""
    return [
        concept(
            "animal",
            concept("dog", concept("puppy"), designation=[{"language": "de", "value": "Hund"}, {"value": "Hound"}]),
            concept("cat", properties={"wild": False}),
            concept("dodo", properties={"inactive": True}),
            properties={"notSelectable": True},
        ),
        concept("plant", properties={"wild": True}),
    ]


def value_set(*includes: Resource, url: str = VS, exclude: list[Resource] | None = None, **fields: Any) -> Resource:
    """A value set of inclusions."""
    compose: Resource = {"include": list(includes)} | ({"exclude": exclude} if exclude else {})
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": compose, **fields}


def filtered(property: str, op: str, value: str) -> Resource:
    """An inclusion with one filter."""
    return {"system": CS, "filter": [{"property": property, "op": op, "value": value}]}


def listed(*codes: str, system: str = CS) -> Resource:
    """An inclusion that lists its codes."""
    return {"system": system, "concept": [{"code": code} for code in codes]}


def definitions(*resources: Resource) -> Definitions:
    """Only these resources, and no package."""
    return Definitions(Layer.of_resources(resources))


def terminology(*resources: Resource, **arguments: Any) -> Terminology:
    """A terminology of the living things and these resources."""
    own = [] if any(one.get("url") == CS for one in resources) else [code_system()]
    return Terminology(definitions(*own, *resources), **arguments)


def codes(made: Terminology, url: str = VS) -> list[str]:
    """The codes of a value set in its order."""
    return [entry.code for entry in made.expand(url).entries]


def parameters(**values: Any) -> Resource:
    """Parameters of texts, booleans, Codings and resources; an underscore in a name stands for a hyphen."""
    parts = [
        {"name": name.replace("_", "-"), "resource" if "resourceType" in _keys(value) else _key(value): value}
        for name, value in values.items()
    ]
    return {"resourceType": "Parameters", "parameter": parts}


def told(answer: Resource) -> dict[str, Any]:
    """The primitive parameters of an answer by name."""
    return {
        part["name"]: next(value for key, value in part.items() if key.startswith("value"))
        for part in answer["parameter"]
        if "part" not in part
    }


def _keys(value: Any) -> Any:
    return value if isinstance(value, dict) else ()


def _key(value: Any) -> str:
    if isinstance(value, dict):
        return "valueCodeableConcept" if isinstance(value.get("coding"), list) else "valueCoding"
    return {bool: "valueBoolean", int: "valueInteger"}.get(type(value), "valueString")
