"""From the parameters of a request to a `Query`.

Nothing is ignored in silence. A value that cannot be read, or a modifier that is not supported, is an error at once:
"Server SHALL reject any search request that contains a modifier that the server does not support".
A parameter that Careloom does not know or cannot search by is left out and told in ``Query.unsupported``;
with ``Prefer: handling=strict`` that is an error too. All errors of a request are told together.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from careloom.model import Issue
from careloom.model.errors import InvalidError, TooCostlyError
from careloom.model.instants import Clock, utc_now
from careloom.search.escaping import shown, split
from careloom.search.operands import Reading, read_operand
from careloom.search.parameters import SearchParameter, SearchParameters
from careloom.search.query import Comparison, Condition, Kind, Missing, Not, Query
from careloom.search.results import RESULT_PARAMETERS, Results

MAX_CONDITIONS = 100
MAX_ALTERNATIVES = 500
MAX_LENGTH = 2000

_OTHERS = frozenset({"_format", "_pretty"})
"""Parameters of every interaction, which are the business of the REST layer."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MODIFIERS: Mapping[Kind, tuple[str, ...]] = {
    "token": ("missing", "not"),
    "string": ("missing", "exact", "contains"),
    "reference": ("missing", "identifier"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "uri": ("missing",),
}


def parse_query(
    type: str,
    parameters: Sequence[tuple[str, str]],
    registry: SearchParameters,
    *,
    strict: bool = False,
    now: Clock = utc_now,
) -> Query:
    """Read the parameters of a type-level search.

    Args:
        type: Resource type.
        parameters: Names and values in the order of the request, percent-decoded.
        registry: Search parameters.
        strict: Whether a parameter that is not understood is an error.
        now: What ``ap`` measures the distance of a date from.

    Raises:
        InvalidError: A value or modifier is wrong; has an issue for each, ``expression`` naming the parameter.
        TooCostlyError: More conditions or alternatives than the ceilings of this module.
        NotFoundError: No such resource type.
    """
    if len(parameters) > MAX_CONDITIONS:
        raise TooCostlyError(f"at most {MAX_CONDITIONS} search parameters in a request, found {len(parameters)}")
    reader = _QueryReader(type, registry, now)
    for name, value in parameters:
        reader.take(name, value)
    return reader.query(strict)


class _QueryReader:
    """Takes the parameters of one request, one after the other."""

    def __init__(self, type: str, registry: SearchParameters, now: Clock) -> None:
        self._type = type
        self._registry = registry
        self._parameters = registry.of(type)
        self._now = now()
        self._conditions: list[Condition] = []
        self._results = Results(type, registry)
        self._errors: list[Issue] = []
        self._unsupported: list[Issue] = []

    def take(self, name: str, value: str) -> None:
        """Read one parameter, keeping what is wrong with it for the end."""
        try:
            _check_text(name, value)
            self._take(name, value)
        except InvalidError as error:
            where = shown(name)[1:-1]
            self._errors += [
                replace(issue, diagnostics=f"{where}: {issue.diagnostics}", expression=where) for issue in error.issues
            ]

    def query(self, strict: bool) -> Query:
        """The query of all that was taken.

        Raises:
            InvalidError: Something was wrong, or with ``strict`` not understood.
        """
        unsupported = self._unsupported + self._results.unsupported
        errors = self._errors + [replace(issue, severity="error") for issue in unsupported if strict]
        if errors:
            raise InvalidError("; ".join(issue.diagnostics for issue in errors[:3]), issues=errors)
        return self._results.complete(
            Query(type=self._type, conditions=tuple(self._conditions), unsupported=tuple(unsupported))
        )

    def _take(self, name: str, value: str) -> None:
        code, _, modifier = name.partition(":")
        if code in _OTHERS:
            return
        if code in RESULT_PARAMETERS:
            self._results.take(code, modifier, value)
        elif "." in name or code not in self._parameters:
            self._leave_out(name, self._why_unknown(name, code))
        elif not self._parameters[code].is_searchable:
            kind = self._parameters[code].kind
            self._leave_out(name, f"{self._type} has the {kind} parameter {shown(code)}, which is not supported")
        else:
            self._conditions.append(self._condition(self._parameters[code], modifier, value))

    def _condition(self, parameter: SearchParameter, modifier: str, value: str) -> Condition:
        self._check_modifier(parameter, modifier)
        alternatives = split(value, ",")
        if len(alternatives) > MAX_ALTERNATIVES:
            raise TooCostlyError(
                f"{parameter.code}: at most {MAX_ALTERNATIVES} values separated by commas, found {len(alternatives)}"
            )
        if modifier == "missing":
            return Missing(parameter.code, _boolean(value))
        kind: Kind = "token" if modifier == "identifier" else parameter.kind
        reading = Reading(
            parameter=parameter,
            modifier=modifier,
            base_url=self._registry.base_url,
            zone=self._registry.zone,
            now=self._now,
        )
        operands = tuple(read_operand(kind, _checked(alternative), reading) for alternative in alternatives)
        comparison = Comparison(parameter.code, kind, operands, "" if modifier == "not" else modifier)
        return Not(comparison) if modifier == "not" else comparison

    def _check_modifier(self, parameter: SearchParameter, modifier: str) -> None:
        supported = _MODIFIERS[parameter.kind]
        if not modifier or modifier in supported or (parameter.kind == "reference" and modifier in parameter.targets):
            return
        others = " or the name of a resource type it may refer to" if parameter.kind == "reference" else ""
        raise _invalid(
            f"modifiers of a {parameter.kind} parameter are {', '.join(supported)}{others}, found {shown(modifier)}",
            code="not-supported",
        )

    def _why_unknown(self, name: str, code: str) -> str:
        if "." in name:
            return f"chained parameters are not supported, found {shown(name)}"
        similar = get_close_matches(code, self._parameters, n=1)
        hint = f"; did you mean {similar[0]!r}?" if similar else ""
        return f"{self._type} has no search parameter {shown(code)}{hint}"

    def _leave_out(self, name: str, why: str) -> None:
        self._unsupported.append(Issue("warning", "not-supported", why, expression=name, rule="search-parameter"))


def _check_text(name: str, value: str) -> None:
    if _CONTROL.search(name) or _CONTROL.search(value):
        raise InvalidError("a text without control characters and lone surrogates expected")
    if len(name) > MAX_LENGTH:
        raise _invalid(f"a name of at most {MAX_LENGTH} characters expected, found {len(name)}", code="too-long")
    if not name:
        raise InvalidError("a parameter name expected before '='")
    if not value:
        raise InvalidError("a value expected, found nothing")


def _checked(alternative: str) -> str:
    if not alternative:
        raise InvalidError("a value expected on both sides of a comma, found nothing")
    if len(alternative) > MAX_LENGTH:
        raise _invalid(
            f"a value of at most {MAX_LENGTH} characters expected, found {len(alternative)}", code="too-long"
        )
    return alternative


def _boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidError(f"true or false expected, found {shown(value)}")
    return value == "true"


def _invalid(diagnostics: str, *, code: str) -> InvalidError:
    return InvalidError(diagnostics, issues=[Issue("error", code, diagnostics)])
