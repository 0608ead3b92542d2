"""The terminology operations of FHIR as plain functions: Parameters in, a resource out.

Each raises errors of the one tree for what cannot be answered; what cannot be known is told in the answer.
"""

from collections.abc import Callable, Mapping

from careloom.model import Resource
from careloom.terminology.operations.expand import expand
from careloom.terminology.operations.lookup import lookup
from careloom.terminology.operations.subsumes import subsumes
from careloom.terminology.operations.translate import translate
from careloom.terminology.operations.validate_code import validate_code, validate_code_of_system
from careloom.terminology.terminology import Terminology

__all__ = ["OPERATIONS", "expand", "lookup", "subsumes", "translate", "validate_code", "validate_code_of_system"]

OPERATIONS: Mapping[tuple[str, str], Callable[[Terminology, Resource], Resource]] = {
    ("CodeSystem", "lookup"): lookup,
    ("CodeSystem", "subsumes"): subsumes,
    ("CodeSystem", "validate-code"): validate_code_of_system,
    ("ConceptMap", "translate"): translate,
    ("ValueSet", "expand"): expand,
    ("ValueSet", "validate-code"): validate_code,
}
"""By resource type and name without the dollar sign."""
