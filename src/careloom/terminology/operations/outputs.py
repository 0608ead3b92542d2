"""Designations, as the answers of operations have them."""

from collections.abc import Iterable
from typing import Any

from careloom.model.parameters import Part
from careloom.terminology.concept import Designation


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
