"""How the public suites call Careloom; the scripts beside each suite say what they expect."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from careloom.definitions import Definitions, TypeModel
from careloom.fhirpath import Expression, compile_expression
from careloom.model import ExactDecimal, Resource
from careloom.model.errors import InvalidError
from careloom.model.issues import operation_outcome
from careloom.validation import Validator, validate_text
from careloom.validation.inputs import layered, options_from, resolver


def evaluate(expression: str, resource: Any) -> list[tuple[str, Any]]:
    """The results of a FHIRPath expression on a resource, each as type and value; strict about types."""
    compiled = _compiled(expression, resource)
    return [(node.type_name, node.value) for node in compiled.evaluate_typed(resource)]


def compile(expression: str) -> Callable[[Any], list[Any]]:
    """The expression as a function of a prepared resource, for measuring evaluation alone.

    It is compiled for each type of resource when that is first met.
    """
    known: dict[str | None, Callable[[Any], list[Any]]] = {}

    def run(resource: Any) -> list[Any]:
        name = resource["resourceType"] if resource else None
        if name not in known:
            known[name] = compile_expression(expression, types=_types(), context_type=name).evaluate
        return known[name](resource)

    return run


def prepare(resource: Any) -> Any:
    """The resource with decimals instead of the floats of the standard library's parser."""
    if isinstance(resource, dict):
        return {key: prepare(value) for key, value in resource.items()}
    if isinstance(resource, list):
        return [prepare(value) for value in resource]
    if isinstance(resource, float):
        return ExactDecimal(repr(resource))
    return resource


def _compiled(expression: str, resource: Any) -> Expression:
    context_type = resource.get("resourceType") if isinstance(resource, dict) else None
    return compile_expression(expression, types=_types(), context_type=context_type, strict=True)


def validate(
    file: str,
    *,
    profile: str | None,
    definitions: Sequence[str],
    packages: Sequence[str],
    settings: Mapping[str, Any],
    resolve: Mapping[str, str],
) -> Resource:
    """The OperationOutcome for a file, with the arguments as ``score.py`` of the validator suite gives them."""
    known = layered(_core(), files=map(Path, definitions), packages=map(Path, packages))
    validator = Validator(known, options=options_from(settings))
    behind = resolver({reference: Path(name) for reference, name in resolve.items()}, known)
    try:
        report = validate_text(
            validator,
            Path(file).read_bytes(),
            file_name=file,
            profiles=[profile] if profile else [],
            resolve=behind,
        )
    except InvalidError as error:  # the profile itself is broken, which the suite counts as an error of the file
        return operation_outcome(error.issues)
    return operation_outcome(report.issues)


def _types() -> TypeModel:
    return _core().types


@cache
def _core() -> Definitions:
    return Definitions.load()
