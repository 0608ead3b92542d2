"""$match: who of the patients recorded is the person described, each with how sure that is.

The score of an entry is the probability that both records are of one person, by a table of weights that a locality may
change (`careloom.rest.operations.matching`, ``weights.toml``), and its grade says which threshold it reaches. What
reaches none is not told.

Source: FHIR R4, Patient $match.
"""

from collections.abc import Iterable
from typing import Final

from careloom.model.errors import MalformedError
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import resource_of
from careloom.rest.operations.matching import (
    NHS_NUMBER,
    MatchTable,
    Person,
    find_candidates,
    is_nhs_number,
    person,
    score,
    usual_table,
)
from careloom.rest.operations.searchset import entry, link, outcome_entry, searchset
from careloom.rest.parameters import inputs
from careloom.rest.threads import in_thread
from careloom.store import Version

MOST: Final = 10
"""Matches told unless the client says how many."""

_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
_DECIMALS: Final = 6
_TAKES: Final = (
    Parameter("resource", "Patient", least=1, about="the person, as far as known"),
    Parameter("onlyCertainMatches", "boolean", about="tell a match only if it is certain and there is no other"),
    Parameter("count", "integer", about=f"matches to tell at most; {MOST} unless given"),
)

Match = tuple[float, Version]
"""A patient, and the probability that it is the person."""


async def match(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``POST Patient/$match``.

    Raises:
        MalformedError: There is no Patient, or nothing in it that a person could be found by.
    """
    given = inputs(request, _TAKES)
    asked = person(given.resource("resource", "Patient") or {})
    _require_something(asked)
    found, passed_over = await find_candidates(asked, request, hub)
    table = hub.matching or usual_table()
    matches = await in_thread(_scored, asked, found, table)
    issues = [*_of_numbers(asked), *_of_searches(passed_over)]
    if given.flag("onlyCertainMatches"):
        matches, refused = _only_certain(matches, table)
        issues += refused
    count = given.whole("count")
    told = matches[: MOST if count is None else count]
    entries = [_entry(each, table, hub) for each in told] + ([outcome_entry(issues)] if issues else [])
    bundle = searchset(request, hub, entries, total=len(matches), links=[link("self", request, (), hub)])
    return FhirResponse(200, bundle, versions=tuple(version for _, version in told))


def _scored(asked: Person, found: Iterable[Version], table: MatchTable) -> list[Match]:
    """Those who may be the person, the likeliest first."""
    scored = [(score(asked, person(resource_of(version)), table), version) for version in found]
    likely = [each for each in scored if table.grade(each[0]) != "certainly-not"]
    return sorted(likely, key=lambda each: (-each[0], each[1].id))


def _entry(found: Match, table: MatchTable, hub: Hub) -> Resource:
    grade = {"url": _GRADE, "valueCode": table.grade(found[0])}
    return entry(found[1], "match", hub, extension=[grade], score=round(found[0], _DECIMALS))


def _only_certain(matches: list[Match], table: MatchTable) -> tuple[list[Match], list[Issue]]:
    """The one certain match; none where there are several, since one of them must be wrong."""
    certain = [each for each in matches if table.grade(each[0]) == "certain"]
    if len(certain) <= 1:
        return certain, []
    told = f"{len(certain)} matches are certain, so none is told: they may be one person recorded twice"
    return [], [Issue("warning", "multiple-matches", told, rule="match")]


def _require_something(asked: Person) -> None:
    has_name = asked.families and asked.givens
    has_address = asked.postcodes and (asked.families or asked.givens)
    has_birth_date = len(asked.birth_date) == len("2000-01-01")
    if not (asked.identifiers or asked.phones or asked.emails or has_address or has_birth_date or has_name):
        told = "an identifier, a whole birth date, a telephone number, an e-mail address or a whole name expected"
        raise MalformedError(f"resource: {told}, found none", expression="Patient")


def _of_numbers(asked: Person) -> list[Issue]:
    wrong = sum(not is_nhs_number(number) for number in asked.identified_by(NHS_NUMBER))
    told = "its last digit is wrong, so it is no NHS number and does not count"
    return [Issue("warning", "value", f"Patient.identifier: {told}", "Patient.identifier", "match")] * bool(wrong)


def _of_searches(passed_over: Iterable[str]) -> list[Issue]:
    told = "finds too many patients to compare each, and is passed over; say more of the person"
    return [Issue("information", "incomplete", f"the search by {name} {told}", rule="match") for name in passed_over]


MATCH = (
    Operation(
        "match",
        match,
        title="Who of the patients recorded is the person described",
        definition="http://hl7.org/fhir/OperationDefinition/Patient-match",
        levels={"type": "s"},
        types=("Patient",),
        takes=_TAKES,
        gives=(Parameter("return", "Bundle", least=1, about="a searchset, the likeliest first, with match-grade"),),
    ),
)
"""$match."""
