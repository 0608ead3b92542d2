"""What an export is asked for, read and held to what the client may see."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from urllib.parse import parse_qsl

from careloom.governance import visible_types
from careloom.model.errors import ForbiddenError, InvalidError, MalformedError
from careloom.model.parameters import Inputs
from careloom.model.records import dataclass
from careloom.model.references import parse_reference
from careloom.rest.access import require_search
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.operation import Parameter
from careloom.rest.operations.instants import read_instant
from careloom.rest.parameters import inputs
from careloom.rest.subset import Subset, unknown_elements
from careloom.rest.visibility import served_types
from careloom.search import SearchParameters, parse_query
from careloom.search.conditions import And, Condition
from careloom.search.query import Query

Scope = Literal["system", "patients", "group"]

_NDJSON: Final = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
_LEFT_OUT: Final = frozenset({"AuditEvent"})
"""Types that are exported only where they are named."""

BY_PATIENT: Final[Mapping[str, str]] = {"Device": "patient"}
"""Types outside the patient compartment that tell by a parameter whose they are."""

_FILTER_BEGINS: Final = re.compile(r",(?=[A-Z][A-Za-z]+\?)")

_OUTPUT = Parameter("_outputFormat", "string", about="application/fhir+ndjson, which is what is written in any case")
_SINCE = Parameter("_since", "instant", about="only what was recorded or changed since then, and what was deleted")
_TYPE = Parameter("_type", "string", most="*", about="only these types, separated by commas")
_FILTER = Parameter("_typeFilter", "string", most="*", about="a search that resources of its type must meet")
_PATIENT = Parameter("patient", "Reference", most="*", about="only these patients")

OF_SYSTEM: Final = (_OUTPUT, _SINCE, _TYPE, _FILTER)
OF_PATIENTS: Final = (_OUTPUT, _SINCE, _TYPE, _FILTER, _PATIENT)


@dataclass(frozen=True, slots=True)
class Order:
    """One export.

    Attributes:
        scope: Everything, what is about patients, or what is about those of a group.
        types: Those that are searched.
        beside: Types outside the patient compartment, which come where something exported refers to them.
        since: When the oldest of it was recorded; None for any time.
        filters: By type, conditions of which one must hold.
        patients: ``Patient/id`` of those it is about; None where it is about all.
        subset: As much of each resource as is wanted.
    """

    scope: Scope
    types: tuple[str, ...]
    beside: frozenset[str]
    since: datetime | None
    filters: Mapping[str, tuple[Condition, ...]]
    patients: tuple[str, ...] | None
    subset: Subset


def read_order(request: FhirRequest, scope: Scope, hub: Hub) -> Order:
    """What a request asks for.

    Raises:
        MalformedError: A parameter that is not known or cannot be read.
        ForbiddenError: A type is named that the client may not search, or it may search none.
        NotFoundError: A type is named that there is not.
    """
    given = inputs(request, OF_SYSTEM if scope == "system" else OF_PATIENTS)
    _require_ndjson(given)
    named = _listed(given, "_type")
    for type in named:
        _require_type(type, "_type", hub)
        require_search(type, request, hub)
    candidates = named or _visible(request, hub)
    held = candidates if scope == "system" else [type for type in candidates if is_about_patients(type, hub.parameters)]
    if not candidates or (named == [] and not held):
        raise ForbiddenError(f"{request.code}: there is no type that the client may search")
    beside = frozenset(named) - frozenset(held)
    if beside and not held:
        told = f"none of {', '.join(named)} is about patients; others are exported where these refer to them"
        raise MalformedError(f"_type: {told}", expression="_type")
    return Order(
        scope=scope,
        types=tuple(held),
        beside=beside,
        since=read_instant("_since", given.text("_since"), hub),
        filters=_filters(given, frozenset(candidates), hub),
        patients=tuple(_patients(given)) if given.has("patient") else None,
        subset=_subset(request, candidates, hub),
    )


def is_about_patients(type: str, parameters: SearchParameters) -> bool:
    """Whether resources of a type say which patient they are about."""
    return "Patient" in parameters.compartments(type) or type in BY_PATIENT


def _require_ndjson(given: Inputs) -> None:
    asked = given.text("_outputFormat").replace(" ", "+")
    if asked and asked not in _NDJSON:
        raise MalformedError(
            f"_outputFormat: one of {', '.join(sorted(_NDJSON))} expected, found {asked[:80]!r}",
            expression="_outputFormat",
        )


def _listed(given: Inputs, name: str) -> list[str]:
    return list(dict.fromkeys(part for text in given.texts(name) for part in text.split(",") if part))


def _visible(request: FhirRequest, hub: Hub) -> list[str]:
    assert request.grant is not None
    visible = visible_types(request.grant, "search-type", hub.registry, hub.clock())
    return [type for type in served_types(visible, hub) if type not in _LEFT_OUT]


def _require_type(type: str, name: str, hub: Hub) -> None:
    if type not in hub.routes.types:
        raise MalformedError(
            f"{name}: a resource type that the hub holds expected, found {type[:80]!r}", expression=name
        )


def _filters(given: Inputs, types: frozenset[str], hub: Hub) -> Mapping[str, tuple[Condition, ...]]:
    found: dict[str, list[Condition]] = {}
    for text in (part for value in given.texts("_typeFilter") for part in _FILTER_BEGINS.split(value)):
        type, mark, criteria = text.partition("?")
        if not mark or type not in types:
            told = f"Type?criteria of a type that is exported expected, found {text[:80]!r}"
            raise MalformedError(f"_typeFilter: {told}", expression="_typeFilter")
        found.setdefault(type, []).append(_condition(type, criteria, hub))
    return {type: tuple(conditions) for type, conditions in found.items()}


def _condition(type: str, criteria: str, hub: Hub) -> Condition:
    try:
        query = parse_query(
            type, parse_qsl(criteria, keep_blank_values=True), hub.parameters, strict=True, now=hub.clock
        )
    except InvalidError as error:
        raise MalformedError(f"_typeFilter: {error}", issues=error.issues) from error
    if query != Query(type, conditions=query.conditions):
        raise MalformedError("_typeFilter: criteria alone expected, found a parameter such as _sort or _include")
    return And(query.conditions)


def _patients(given: Inputs) -> Iterator[str]:
    for value in given.values("patient"):
        text = value.get("reference") if isinstance(value, dict) else value
        reference = parse_reference(text) if isinstance(text, str) else None
        if reference is None or reference.type != "Patient":
            raise MalformedError(
                f"patient: a reference to a Patient expected, found {value!r:.80}", expression="patient"
            )
        yield reference.local


def _subset(request: FhirRequest, types: Sequence[str], hub: Hub) -> Subset:
    elements = tuple(part.strip() for value in request.values("_elements") for part in value.split(",") if part.strip())
    for element in elements:
        if all(unknown_elements(type, (element,), hub.types) for type in types):
            raise MalformedError(f"_elements: none of the types exported has {element[:80]!r}", expression="_elements")
    return Subset("", elements)
