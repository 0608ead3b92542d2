"""Judging resources by their type, by profiles, and by the rules of the specification; findings are issues."""

from careloom.validation.options import Options
from careloom.validation.report import Report, validate_text
from careloom.validation.schema import Schema, schema_json
from careloom.validation.validator import Validator

__all__ = ["Options", "Report", "Schema", "Validator", "schema_json", "validate_text"]
