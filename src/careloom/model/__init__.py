"""FHIR values as plain dictionaries; codecs that lose nothing; references, issues and errors."""

from careloom.model.issues import Issue, Severity, has_errors, operation_outcome
from careloom.model.json import parse_json, parse_resource, serialize_json, trimmed
from careloom.model.numbers import ExactDecimal
from careloom.model.resource import Resource, local_reference, resource_type

__all__ = [
    "ExactDecimal",
    "Issue",
    "Resource",
    "Severity",
    "has_errors",
    "local_reference",
    "operation_outcome",
    "parse_json",
    "parse_resource",
    "resource_type",
    "serialize_json",
    "trimmed",
]
