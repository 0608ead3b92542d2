"""The terminology operations over HTTP: `careloom.terminology.operations`, asked of packages and record together."""

from collections.abc import Callable

from careloom.model.resource import Resource
from careloom.rest.operation import Operation, Parameter
from careloom.rest.terminology import declarations as says
from careloom.rest.terminology.needs import Kind
from careloom.rest.terminology.question import Answer, Question
from careloom.rest.terminology.recorded import RecordedTerminology
from careloom.terminology import Terminology
from careloom.terminology.operations import (
    expand,
    lookup,
    subsumes,
    translate,
    validate_code,
    validate_code_of_system,
)

_BASE = "http://hl7.org/fhir/OperationDefinition"
_READS_BY_ITSELF = ""
"""At a type nothing of the record is read but what the client could find by a search of its own."""


def _timeless(answer: Callable[[Terminology, Resource], Resource]) -> Answer:
    """An answer that does not tell when it was given."""
    return lambda terminology, parameters, clock: answer(terminology, parameters)


def _operation(
    name: str,
    type: Kind,
    answer: Answer,
    title: str,
    *,
    takes: tuple[Parameter, ...],
    gives: tuple[Parameter, ...],
    named_by: tuple[str, ...] = (),
) -> Operation:
    """An operation of a type, and of an instance too where parameters name what the address then says."""
    return Operation(
        name,
        Question(answer, takes, type, named_by),
        title=title,
        definition=f"{_BASE}/{type}-{name}",
        levels={"type": _READS_BY_ITSELF, "instance": "r"} if named_by else {"type": _READS_BY_ITSELF},
        types=(type,),
        takes=takes,
        gives=gives,
    )


OPERATIONS: tuple[Operation, ...] = (
    _operation(
        "expand",
        "ValueSet",
        lambda terminology, parameters, clock: expand(terminology, parameters, now=clock),
        "The codes of a value set",
        takes=says.EXPAND,
        gives=says.EXPANDED,
        named_by=("url", "valueSet", "valueSetVersion"),
    ),
    _operation(
        "validate-code",
        "ValueSet",
        _timeless(validate_code),
        "Whether a code is in a value set",
        takes=says.VALIDATE_IN_VALUE_SET,
        gives=says.VALIDATED,
        named_by=("url", "valueSet", "valueSetVersion"),
    ),
    _operation(
        "validate-code",
        "CodeSystem",
        _timeless(validate_code_of_system),
        "Whether a code system has a code",
        takes=says.VALIDATE_IN_CODE_SYSTEM,
        gives=says.VALIDATED,
        named_by=("url", "version"),
    ),
    _operation(
        "lookup",
        "CodeSystem",
        _timeless(lookup),
        "What a code means",
        takes=says.LOOKUP,
        gives=says.LOOKED_UP,
    ),
    _operation(
        "subsumes",
        "CodeSystem",
        _timeless(subsumes),
        "Whether one code is above another",
        takes=says.SUBSUMES,
        gives=says.SUBSUMED,
        named_by=("system", "version"),
    ),
    _operation(
        "translate",
        "ConceptMap",
        _timeless(translate),
        "The codes that a concept map has for a code",
        takes=says.TRANSLATE,
        gives=says.TRANSLATED,
        named_by=("url", "conceptMap", "conceptMapVersion"),
    ),
)
"""Every terminology operation."""

__all__ = ["OPERATIONS", "RecordedTerminology"]
