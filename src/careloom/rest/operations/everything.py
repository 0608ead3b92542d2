"""$everything: all that the record holds about a patient, or about an encounter.

That is what lies in the compartment, page by page of one snapshot, and with each page what its entries refer to outside
it: who, where and with what. Another patient is never brought along. What several pages refer to is on each of them,
under the same ``fullUrl``; what lies in the compartment is on one page alone.

Only what the client may see is found and followed.

Source: FHIR R4, Patient $everything and Encounter $everything.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from careloom.model.errors import InvalidError, MalformedError, NotFoundError
from careloom.model.parameters import Inputs
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version
from careloom.rest.operations.care_dates import within
from careloom.rest.operations.instants import read_instant
from careloom.rest.operations.searchset import entry, link, searchset
from careloom.rest.parameters import inputs
from careloom.rest.threads import in_thread
from careloom.rest.visibility import narrowed
from careloom.search import Query, index_values, parse_query
from careloom.search.conditions import Narrowing
from careloom.search.query import Include
from careloom.search.results import ANY
from careloom.store import Page, Version

_SINCE = Parameter("_since", "instant", about="only what was recorded or changed since then")
_TYPE = Parameter("_type", "code", most="*", about="only these types, separated by commas")
_COUNT = Parameter("_count", "integer", about="entries on a page, without those that are referred to")
_PAGE = Parameter("_page", "string", about="where a page begins, as the link to it says")
_OF_PATIENT = (
    Parameter("start", "date", about="first day of the care that is told of"),
    Parameter("end", "date", about="last day of the care that is told of"),
    _SINCE,
    _TYPE,
    _COUNT,
    _PAGE,
)
_OF_ENCOUNTER = (_SINCE, _TYPE, _COUNT, _PAGE)
_GIVES = (Parameter("return", "Bundle", least=1, about="a searchset; follow its next links to the end"),)
_NEVER_ALONG: Final = frozenset({"Patient", "AuditEvent"})


async def everything(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Patient/id/$everything``, ``GET Encounter/id/$everything``, and the same by POST.

    Raises:
        NotFoundError: There never was such a patient or encounter.
        DeletedError: It was deleted.
        MalformedError: A parameter that is not known or cannot be read.
        TooCostlyError: A page refers to more than is included; ask for a smaller one.
    """
    given = inputs(request, _OF_PATIENT if request.type == "Patient" else _OF_ENCOUNTER)
    await addressed_version(request, hub)
    wanted = _Wanted.of(given, request, hub)
    page = await hub.repository.search(_query(wanted, given, request, hub))
    outside = await in_thread(wanted.of_beside, page.included, hub)
    entries = [entry(each, "match", hub) for each in page.matches]
    entries += [entry(each, "include", hub) for each in outside]
    bundle = searchset(request, hub, entries, total=page.total, links=_links(given, page, request, hub))
    return FhirResponse(200, bundle, versions=page.matches + outside)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be told.

    Attributes:
        compartment: ``Patient/1``.
        types: Those of the compartment that are searched.
        beside: Names of ``_type``; empty for every type.
        since: When the oldest of it was recorded; None for any time.
    """

    compartment: str
    types: tuple[str, ...]
    beside: frozenset[str]
    since: datetime | None

    @classmethod
    def of(cls, given: Inputs, request: FhirRequest, hub: Hub) -> "_Wanted":
        named = [type for text in given.texts("_type") for type in text.split(",") if type]
        members = _members(request.type, hub)
        types = tuple(dict.fromkeys(type for type in named if type in members))
        if named and not types:
            told = f"none of {', '.join(named)} is in the {request.type} compartment"
            raise MalformedError(f"_type: {told}; what lies outside comes with what refers to it", expression="_type")
        since = read_instant("_since", given.text("_since"), hub)
        unasked = tuple(sorted(members - {"AuditEvent"}))
        return cls(f"{request.type}/{request.id}", types or unasked, frozenset(named), since)

    def of_beside(self, versions: Sequence[Version], hub: Hub) -> tuple[Version, ...]:
        """Those of what entries refer to that are told with them."""
        return tuple(version for version in versions if self._has_beside(version, hub))

    def _has_beside(self, version: Version, hub: Hub) -> bool:
        """Whether a resource is told beside an entry: it lies outside, and is not about another patient."""
        if version.type in _NEVER_ALONG or (self.beside and version.type not in self.beside):
            return False
        if self.since and version.last_updated < self.since:
            return False
        return not self._holds(version, hub)

    def _holds(self, version: Version, hub: Hub) -> bool:
        """Whether a version lies in the compartment of this patient or encounter, or in that of any patient."""
        if version.resource is None:
            return True
        of_type = hub.parameters.compartments(version.type)
        only = {code for codes in of_type.values() for code in codes}
        found = index_values(version.resource, hub.parameters, only=only).compartments
        return self.compartment in found or any(each.startswith("Patient/") for each in found)


def _members(compartment: str, hub: Hub) -> frozenset[str]:
    """The types of which some are in a compartment."""
    return frozenset(type for type in hub.routes.types if compartment in hub.parameters.compartments(type))


def _query(wanted: _Wanted, given: Inputs, request: FhirRequest, hub: Hub) -> Query:
    """The search of the compartment, on what the client may see."""
    criteria, count = [("_type", ",".join(wanted.types))], given.whole("_count")
    if wanted.since:
        criteria.append(("_lastUpdated", f"ge{wanted.since.isoformat()}"))
    if page := given.text("_page"):
        criteria.append(("_page", page))
    try:
        query = parse_query(
            "", criteria, hub.parameters, strict=True, now=hub.clock, compartment=(request.type, request.id)
        )
        period = within(given.text("start"), given.text("end"), hub.parameters)
    except (InvalidError, NotFoundError) as error:
        raise MalformedError(f"{request.code}: {error}", issues=error.issues) from error
    query = replace(
        query,
        conditions=(*query.conditions, *([Narrowing(period)] if period else [])),
        includes=tuple(Include(type, ANY) for type in wanted.types),
        count=hub.limits.page if count is None else min(count, hub.limits.page),
    )
    return narrowed(query, request, hub)


def _links(given: Inputs, page: Page, request: FhirRequest, hub: Hub) -> list[Resource]:
    """To this page and the next; every parameter stands in them, however it was sent."""
    asked = tuple((name, str(value)) for name in _names(given) for value in given.values(name))
    links = [link("self", request, asked, hub)]
    if page.next:
        others = tuple(pair for pair in asked if pair[0] != "_page")
        links.append(link("next", request, (*others, ("_page", page.next)), hub))
    return links


def _names(given: Inputs) -> list[str]:
    return list(dict.fromkeys(part["name"] for part in given.parameters["parameter"]))


EVERYTHING = (
    Operation(
        "everything",
        everything,
        title="All that the record holds about a patient",
        definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
        levels={"instance": "r"},
        types=("Patient",),
        takes=_OF_PATIENT,
        gives=_GIVES,
    ),
    Operation(
        "everything",
        everything,
        title="All that the record holds about an encounter",
        definition="http://hl7.org/fhir/OperationDefinition/Encounter-everything",
        levels={"instance": "r"},
        types=("Encounter",),
        takes=_OF_ENCOUNTER,
        gives=_GIVES,
    ),
)
"""$everything of a patient and of an encounter."""
