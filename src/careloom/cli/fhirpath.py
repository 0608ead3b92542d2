"""``careloom fhirpath``: the results of an expression on a file."""

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from careloom.cli.errors import errors_told
from careloom.definitions import Definitions
from careloom.fhirpath import Environment, Node, compile_expression
from careloom.model import Resource, parse_resource, resource_type, serialize_json
from careloom.model.errors import MalformedError, UnavailableError


def fhirpath(expression: str, file: Path, *, strict: bool = False, types: bool = False) -> None:
    """Print what a FHIRPath expression finds in a resource, one result to a line, as JSON.

    Exits 0 when there is a result, 1 when there is none, 2 when it could not be evaluated.

    Args:
        expression: FHIRPath, for example "Patient.name.given".
        file: A resource as JSON.
        strict: Refuse elements that the types do not have, and operations that cannot work.
        types: Print the type before each result.
    """
    with errors_told("fhirpath"):
        found = _evaluated(expression, file, strict=strict)
    for node in found:
        print(f"{node.type_name}\t{_shown(node.value)}" if types else _shown(node.value))
    sys.exit(0 if found else 1)


def _evaluated(expression: str, file: Path, *, strict: bool) -> list[Node]:
    resource = _read(file)
    types = Definitions.load().types
    compiled = compile_expression(expression, types=types, context_type=resource_type(resource), strict=strict)
    return compiled.evaluate_typed(resource, Environment(trace=_trace))


def _read(file: Path) -> Resource:
    try:
        return parse_resource(file.read_bytes())
    except OSError as error:
        raise UnavailableError(f"{file}: {error.strerror or error}") from error
    except MalformedError as error:
        raise MalformedError(f"{file}: {error}") from error


def _trace(name: str, values: list[Any]) -> None:
    for value in values:
        print(f"{name}: {_shown(value)}", file=sys.stderr)


def _shown(value: Any) -> str:
    """JSON as FHIR writes it; a date or quantity that was computed as the language writes it."""
    if isinstance(value, str | int | Decimal | dict):
        return serialize_json(value).decode()
    return str(value)
