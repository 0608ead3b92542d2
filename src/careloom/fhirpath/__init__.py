"""FHIRPath for R4: compiled to closures over plain FHIR JSON, typed against the definitions."""

from careloom.fhirpath.environment import DEFAULT, Budget, Environment
from careloom.fhirpath.expression import Expression, compile_expression
from careloom.fhirpath.nodes import Node, TypeInfo
from careloom.fhirpath.quantities import Quantity
from careloom.fhirpath.temporal import Date, DateTime, Time

__all__ = [
    "DEFAULT",
    "Budget",
    "Date",
    "DateTime",
    "Environment",
    "Expression",
    "Node",
    "Quantity",
    "Time",
    "TypeInfo",
    "compile_expression",
]
