"""The functions of FHIRPath: a module for each chapter of the specification, and one table of all."""

from collections.abc import Mapping

from careloom.fhirpath.functions import (
    aggregates,
    boundaries,
    combining,
    conversion,
    existence,
    fhir,
    filtering,
    math,
    strings,
    subsetting,
    tree,
    utility,
)
from careloom.fhirpath.invocation import Function

_CHAPTERS = (
    existence,
    filtering,
    subsetting,
    combining,
    conversion,
    strings,
    math,
    tree,
    utility,
    aggregates,
    boundaries,
    fhir,
)

FUNCTIONS: Mapping[str, Function] = {
    name: function for chapter in _CHAPTERS for name, function in chapter.FUNCTIONS.items()
}
"""Name to function."""
