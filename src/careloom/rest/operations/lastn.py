"""$lastn: the newest observations of each kind.

The client says whose observations it means and which category or codes; beside ``max`` it may give any search parameter
of Observation. What matches is grouped by code, and of each group the newest by effective time are told: as many as
``max``, and with the last of them those of the very same time.

Two observations are of one kind when they share a coding, system and code alike; kinds that a third observation
connects are one. An observation without codings is grouped by its text.

Source: FHIR R4, Observation $lastn.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from careloom.model.errors import InvalidError, MalformedError, TooCostlyError
from careloom.model.parameters import parts_of
from careloom.model.records import dataclass, field, replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse, Parameters
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import resource_of
from careloom.rest.operations.searchset import entry, link, searchset
from careloom.rest.parameters import inputs
from careloom.rest.terminology.searching import with_codes
from careloom.rest.visibility import narrowed
from careloom.search import Query, index_values, parse_query
from careloom.search.folding import fold
from careloom.search.query import SortKey
from careloom.store import Version

MOST: Final = 10_000
"""Observations that are looked at."""

PAGE: Final = 1_000

_NEVER: Final = -(2**63)
_MAX = Parameter("max", "positiveInt", about="observations of each kind; 1 unless given")
_SUBJECTS: Final = frozenset({"subject", "patient"})
_KINDS: Final = frozenset({"category", "code", "combo-code", "component-code", "code-value-concept"})
_TOLD: Final = frozenset({"_format", "_pretty", "_summary", "_elements", "max"})


async def lastn(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Observation/$lastn?patient=…&category=…&max=…``, and the same by POST.

    Raises:
        MalformedError: It does not say whose observations or which, or a parameter is not understood.
        TooCostlyError: More observations match than are looked at.
    """
    request = replace(request, parameters=_asked(request))
    most = inputs(replace(request, parameters=_only(request, {"max"}), body=None), (_MAX,)).whole("max")
    if most == 0:
        raise MalformedError("max: a whole number from 1 expected, found 0", expression="max")
    found = await _found(_query(request, await with_codes(request, hub)), hub)
    newest = [each for group in grouped(found) for each in newest_of(group, 1 if most is None else most, hub)]
    entries = [entry(each, "match", hub) for each in newest]
    links = [link("self", request, request.parameters, hub)]
    bundle = searchset(request, hub, entries, total=len(newest), links=links)
    return FhirResponse(200, bundle, versions=tuple(newest))


def grouped(versions: Iterable[Version]) -> list[list[Version]]:
    """Observations by their kind, in the order in which the kinds are found first."""
    kinds = _Kinds()
    numbered = [(kinds.of(resource_of(version)), version) for version in versions]
    groups: dict[int, list[Version]] = {}
    for kind, version in numbered:
        groups.setdefault(kinds.root(kind), []).append(version)
    return list(groups.values())


def newest_of(group: list[Version], most: int, hub: Hub) -> list[Version]:
    """The newest of a group, the newest first; those without a time come last.

    Args:
        group: Observations.
        most: How many, and more only where they are of the same time as the last of these.
        hub: For the time zone of dates.
    """
    ordered = sorted(((_moment(each, hub), each) for each in group), key=lambda pair: pair[0], reverse=True)
    last = ordered[min(most, len(ordered)) - 1][0]
    told = [pair for number, pair in enumerate(ordered) if number < most or pair[0] == last != _NEVER]
    return [each for _, each in told]


@dataclass(slots=True)
class _Kinds:
    """Which codings are of one kind: a forest in which connected codings have one root."""

    _above: list[int] = field(default_factory=list)
    _known: dict[object, int] = field(default_factory=dict)

    def of(self, observation: Resource) -> int:
        """A node of the kind of an observation, whose names are of one kind from now on."""
        nodes = [self._node(name) for name in _names(observation)]
        for node in nodes[1:]:
            self._above[self.root(node)] = self.root(nodes[0])
        return nodes[0]

    def root(self, node: int) -> int:
        """What stands for the kind of a node."""
        while self._above[node] != node:
            self._above[node] = node = self._above[self._above[node]]
        return node

    def _node(self, name: object) -> int:
        if name not in self._known:
            self._known[name] = len(self._above)
            self._above.append(len(self._above))
        return self._known[name]


def _names(observation: Resource) -> Iterator[object]:
    """What an observation is grouped by: its codings, else its text; at least one."""
    code = observation.get("code", {})
    codings: list[object] = [
        (each.get("system", ""), each["code"]) for each in code.get("coding", ()) if each.get("code")
    ]
    yield from codings or [fold(code.get("text", ""))]


def _moment(version: Version, hub: Hub) -> int:
    """When an observation was true, in microseconds since 1970; the far past where it does not say."""
    found = index_values(resource_of(version), hub.parameters, only={"date"}).dates.get("date", ())
    return max((each.low for each in found), default=_NEVER)


def _asked(request: FhirRequest) -> Parameters:
    """The parameters of the query, and those that stand as text in the Parameters of a POST."""
    if request.body is None:
        return request.parameters
    if (found := resource_type(request.body)) != "Parameters":
        raise MalformedError(f"resourceType: Parameters expected in the body, found {found!r}")
    return (*request.parameters, *map(_pair, parts_of(request.body.get("parameter"))))


def _pair(part: Mapping[str, object]) -> tuple[str, str]:
    name = str(part.get("name"))
    value = next((each for key, each in part.items() if key.startswith("value")), None)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MalformedError(f"{name}: a text expected, as a query would have it", expression=name)
    return name, str(value)


def _only(request: FhirRequest, names: Iterable[str]) -> Parameters:
    wanted = frozenset(names)
    return tuple(pair for pair in request.parameters if pair[0] in wanted)


def _query(request: FhirRequest, hub: Hub) -> Query:
    criteria = [pair for pair in request.parameters if pair[0] not in _TOLD]
    codes = {name.partition(":")[0].partition(".")[0] for name, _ in criteria}
    if not codes & _SUBJECTS:
        raise MalformedError("$lastn: patient or subject expected, which says whose observations are meant")
    if not codes & _KINDS:
        raise MalformedError(
            f"$lastn: category or code expected, which says which of them; one of {', '.join(sorted(_KINDS))}"
        )
    try:
        query = parse_query("Observation", criteria, hub.parameters, strict=True, now=hub.clock)
    except InvalidError as error:
        raise MalformedError(f"$lastn: {error}", issues=error.issues) from error
    if query != Query("Observation", conditions=query.conditions):
        raise MalformedError("$lastn: criteria alone expected beside max, found a parameter such as _sort or _include")
    newest_first = (SortKey("date", "date", descending=True),)
    return narrowed(replace(query, sort=newest_first, count=PAGE, total="none"), request, hub)


async def _found(query: Query, hub: Hub) -> list[Version]:
    found: list[Version] = []
    while True:
        page = await hub.repository.search(query)
        found += page.matches
        if page.next is None:
            return found
        if len(found) >= MOST:
            told = (
                f"more than {MOST} observations match, which is as many as are looked at; narrow them by date or code"
            )
            raise TooCostlyError(f"$lastn: {told}")
        query = replace(query, page=page.next)


LASTN = (
    Operation(
        "lastn",
        lastn,
        title="The newest observations of each kind",
        definition="http://hl7.org/fhir/OperationDefinition/Observation-lastn",
        levels={"type": "s"},
        types=("Observation",),
        takes=(
            _MAX,
            *(
                Parameter(name, "string", most="*", about=about)
                for name, about in (
                    ("patient", "whose observations, as a search has it; or subject"),
                    ("subject", "whose observations, as a search has it; or patient"),
                    ("category", "which of them, as a search has it; or code"),
                    ("code", "which of them, as a search has it; or category"),
                    ("date", "when, as a search has it; any other search parameter too"),
                )
            ),
        ),
        gives=(Parameter("return", "Bundle", least=1, about="a searchset, kind by kind, the newest first"),),
    ),
)
"""$lastn."""
