"""From the parameters of a request to a `Query`.

Nothing is ignored in silence. A value that cannot be read, or a modifier that is not supported, is an error at once:
"Server SHALL reject any search request that contains a modifier that the server does not support".
A parameter that Careloom does not know or cannot search by is left out and told in ``Query.unsupported``;
with ``Prefer: handling=strict`` that is an error too. All errors of a request are told together.
"""

import re
from collections.abc import Sequence

from careloom.model import Issue
from careloom.model.errors import InvalidError, NotFoundError, NotSupportedError, TooCostlyError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import replace
from careloom.search.conditions import Condition, InCompartment
from careloom.search.criteria import read_criterion
from careloom.search.escaping import shown
from careloom.search.limits import hold
from careloom.search.query import Query
from careloom.search.refusals import too_long
from careloom.search.registry import SearchParameters
from careloom.search.results import RESULT_PARAMETERS, Results
from careloom.search.scope import Scope

_OTHERS = frozenset({"_format", "_pretty"})
"""Parameters of every interaction, which are the business of the REST layer."""

_LONG = frozenset({"_filter"})
"""Parameters whose value is one text: it may be as long as some alternatives together."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Compartment = tuple[str, str]
"""Type and id of the resource whose compartment it is: ``("Patient", "1")``."""


def parse_query(
    type: str,
    parameters: Sequence[tuple[str, str]],
    registry: SearchParameters,
    *,
    strict: bool = False,
    now: Clock = utc_now,
    compartment: Compartment | None = None,
) -> Query:
    """Read the parameters of a search.

    Args:
        type: Resource type; empty to search the whole system, or the whole compartment.
        parameters: Names and values in the order of the request, percent-decoded.
        registry: Search parameters.
        strict: Whether a parameter that is not understood is an error.
        now: What ``ap`` measures the distance of a date from.
        compartment: Only what is in this compartment.

    Raises:
        InvalidError: A value or modifier is wrong; has an issue for each, ``expression`` naming the parameter.
        TooCostlyError: More than the limits of the registry allow.
        NotFoundError: No such resource type, no such compartment, or the type is not in it.
    """
    hold(len(parameters), registry.limits.parameters, "search parameters in a request")
    named = () if type else _named_types(parameters, registry)
    types = (type,) if type else named
    members: tuple[Condition, ...] = ()
    if compartment is not None:
        types = _in_compartment(compartment[0], types, registry)
        members = (InCompartment(*compartment),)
    reader = _QueryReader(Scope.of(registry, types, now()), is_of_system=not type)
    for name, value in parameters:
        reader.take(name, value)
    return reader.query(Query(type, conditions=members, types=named), strict)


def _named_types(parameters: Sequence[tuple[str, str]], registry: SearchParameters) -> tuple[str, ...]:
    """The types that ``_type`` names; none for all."""
    named = [type for name, value in parameters if name == "_type" for type in value.split(",")]
    for type in named:
        if not registry.is_resource_type(type):
            raise _located("_type", InvalidError(f"names of resource types expected, found {shown(type)}"))
    return tuple(dict.fromkeys(named))


def _in_compartment(code: str, types: tuple[str, ...], registry: SearchParameters) -> tuple[str, ...]:
    """The types searched in a compartment; all that are in it where none is named."""
    if not registry.is_compartment(code):
        raise NotFoundError(f"there is no compartment of {shown(code)}")
    for type in types:
        if code not in registry.compartments(type):
            raise NotFoundError(f"{type} is not in the {code} compartment")
    return types or tuple(sorted(type for type in registry.resource_types() if code in registry.compartments(type)))


class _QueryReader:
    """Takes the parameters of one request, one after the other."""

    def __init__(self, scope: Scope, *, is_of_system: bool) -> None:
        self._scope = scope
        self._conditions: list[Condition] = []
        self._results = Results(scope, is_of_system=is_of_system)
        self._errors: list[Issue] = []
        self._unsupported: list[Issue] = []

    def take(self, name: str, value: str) -> None:
        """Read one parameter, keeping what is wrong with it for the end."""
        try:
            _check_text(name, value, self._scope.limits.length)
            self._take(name, value)
        except NotSupportedError as error:
            self._unsupported.append(
                Issue("warning", "not-supported", str(error), expression=name, rule="search-parameter")
            )
        except InvalidError as error:
            self._errors += _located(name, error).issues
        except TooCostlyError as error:
            raise TooCostlyError(f"{shown(name)[1:-1]}: {error}", expression=shown(name)[1:-1]) from error

    def query(self, bare: Query, strict: bool) -> Query:
        """A query with all that was taken.

        Raises:
            InvalidError: Something was wrong, or with ``strict`` not understood.
        """
        unsupported = self._unsupported + self._results.unsupported
        errors = self._errors + [replace(issue, severity="error") for issue in unsupported if strict]
        if errors:
            raise InvalidError("; ".join(issue.diagnostics for issue in errors[:3]), issues=errors)
        conditions = (*bare.conditions, *self._conditions)
        return self._results.complete(replace(bare, conditions=conditions, unsupported=tuple(unsupported)))

    def _take(self, name: str, value: str) -> None:
        code, _, modifier = name.partition(":")
        if code in _OTHERS:
            return
        if code in RESULT_PARAMETERS:
            self._results.take(code, modifier, value)
        else:
            self._conditions.append(read_criterion(name, value, self._scope))


def _located(name: str, error: InvalidError) -> InvalidError:
    """The error with the parameter named in each of its issues."""
    where = shown(name)[1:-1]
    issues = [replace(each, diagnostics=f"{where}: {each.diagnostics}", expression=where) for each in error.issues]
    return InvalidError(f"{where}: {error}", issues=issues)


def _check_text(name: str, value: str, length: int) -> None:
    if _CONTROL.search(name) or _CONTROL.search(value):
        raise InvalidError("a text without control characters and lone surrogates expected")
    if len(name) > length:
        raise too_long(f"a name of at most {length} characters expected, found {len(name)}")
    if name.partition(":")[0] in _LONG and len(value) > length:
        raise too_long(f"a value of at most {length} characters expected, found {len(value)}")
    if not name:
        raise InvalidError("a parameter name expected before '='")
    if not value:
        raise InvalidError("a value expected, found nothing")
