"""Parts of the resources that operations answer with."""

from collections.abc import Iterable, Mapping
from typing import Any

from careloom.model import Resource
from careloom.terminology.concept import Designation

Part = Mapping[str, Any]


def parameters(*parts: Part) -> Resource:
    """A Parameters resource; parts with an empty value are left out."""
    told = [
        dict(part) for part in parts if any(value not in ("", None) for key, value in part.items() if key != "name")
    ]
    return {"resourceType": "Parameters", "parameter": told}


def designation(term: Designation) -> dict[str, Any]:
    """A designation as ValueSet and CodeSystem have it."""
    told = {"language": term.language, "use": dict(term.use), "value": term.value}
    return {key: value for key, value in told.items() if value}


def designation_part(term: Designation) -> Part:
    """A designation as $lookup tells it."""
    told: Iterable[tuple[str, str, Any]] = (
        ("language", "valueCode", term.language),
        ("use", "valueCoding", dict(term.use)),
        ("value", "valueString", term.value),
    )
    return {"name": "designation", "part": [{"name": name, key: value} for name, key, value in told if value]}
