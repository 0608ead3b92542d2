"""The terminology of the hub: that of its packages, with what the record holds laid over it.

A value set, code system or concept map that somebody has put into the record counts like one of a package, and before
it. Only what a question draws on is fetched, by its canonical URL: the value set, what that imports, the code systems
below. A client whose rights or whose ownership keep it from finding such a resource by a search is answered as if it
were not there.

What was put together is kept by the versions it was made of, so that the same question asked again compiles nothing.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from careloom.governance import visible_types
from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass, replace
from careloom.model.references import parse_reference
from careloom.rest.messages import FhirRequest
from careloom.rest.ownership import known
from careloom.rest.terminology.needs import Kind, Need, needs_of_resource
from careloom.rest.visibility import narrowed
from careloom.search import parse_query
from careloom.search.escaping import escape
from careloom.store import Version
from careloom.terminology import Terminology
from careloom.terminology.for_search import TerminologyForSearch

if TYPE_CHECKING:
    from careloom.rest.hub import Hub

MOST_NEEDS = 1_000
"""Definitions that one question may draw on."""
_AT_ONCE = 20
"""URLs asked for in one search."""
_PER_URL = 20
"""Versions of a definition that are looked at."""
_KEPT = 32
"""Terminologies that are kept, the latest used."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a question is answered from.

    Attributes:
        terminology: With the resources of the record on top.
        versions: Those resources.
    """

    terminology: Terminology
    versions: tuple[Version, ...] = ()


class RecordedTerminology:
    """Gives each question the terminology it is answered from.

    Args:
        base: Of the packages and what is set up behind them.
    """

    def __init__(self, base: Terminology) -> None:
        self.base = base
        self._kept: OrderedDict[tuple[tuple[str, str, str], ...], Terminology] = OrderedDict()

    async def gathered(
        self, needs: Iterable[Need], request: FhirRequest, hub: "Hub", given: Sequence[Version] = ()
    ) -> Gathered:
        """The terminology for a question.

        Args:
            needs: What the question names.
            request: Whose rights count.
            hub: With the record.
            given: Versions that are at hand already.

        Raises:
            TooCostlyError: It draws on more definitions than one question may.
        """
        found = {version.reference: version for version in given}
        seen: set[Need] = set()
        pending = {*needs, *(need for version in given for need in needs_of_resource(version.resource))}
        while pending:
            seen |= pending
            if len(seen) > MOST_NEEDS:
                raise TooCostlyError(f"a question that draws on at most {MOST_NEEDS} definitions expected")
            fetched = [version async for version in _fetched(pending, request, hub)]
            found |= {version.reference: version for version in fetched}
            pending = {*self._needs_of(pending, fetched)} - seen
        return self._laid_over(tuple(found.values()))

    async def for_search(
        self, value_sets: Iterable[str], systems: Iterable[str], request: FhirRequest, hub: "Hub"
    ) -> TerminologyForSearch:
        """Sets of codes for the conditions of a search, what the record holds included.

        Args:
            value_sets: As the search names them: canonicals, or ``ValueSet/id``.
            systems: URLs of code systems whose hierarchy it asks for.
            request: Whose rights count.
            hub: With the record.
        """
        names: dict[str, str] = {}
        named: list[Version] = []
        needs: set[Need] = {("CodeSystem", system.partition("|")[0]) for system in systems}
        for name in value_sets:
            version = await _named(name, request, hub)
            if version is not None and version.resource is not None:
                named.append(version)
                names[name] = version.resource["url"]
            else:
                needs.add(("ValueSet", name.partition("|")[0]))
        gathered = await self.gathered(needs, request, hub, named)
        return TerminologyForSearch(gathered.terminology, names=names)

    def _needs_of(self, needs: Iterable[Need], fetched: Sequence[Version]) -> Iterator[Need]:
        """What the definitions that were asked for draw on, those of packages included."""
        for version in fetched:
            yield from needs_of_resource(version.resource)
        for kind, url in needs:
            packaged = self.base.value_set(url) if kind == "ValueSet" else self.base.definitions.find(url, kind)
            yield from needs_of_resource(packaged)

    def _laid_over(self, versions: tuple[Version, ...]) -> Gathered:
        if not versions:
            return Gathered(self.base)
        key = tuple(sorted((version.type, version.id, version.version_id) for version in versions))
        if key not in self._kept:
            self._kept[key] = self.base.with_resources(version.resource for version in versions if version.resource)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return Gathered(self._kept[key], versions)


async def maps_between(source: str, target: str, request: FhirRequest, hub: "Hub") -> list[Version]:
    """The concept maps of the record from or to a value set; an empty end fits all."""
    found: list[Version] = []
    for end, url in (("source", source), ("target", target)):
        for parameter in (end, f"{end}-uri") if url else ():
            found += await _searched("ConceptMap", parameter, [url], request, hub)
    return found


async def _fetched(needs: Iterable[Need], request: FhirRequest, hub: "Hub") -> AsyncIterator[Version]:
    by_kind: dict[Kind, list[str]] = {}
    for kind, url in sorted(needs):
        by_kind.setdefault(kind, []).append(url)
    for kind, urls in by_kind.items():
        for start in range(0, len(urls), _AT_ONCE):
            for version in await _searched(kind, "url", urls[start : start + _AT_ONCE], request, hub):
                yield version


async def _searched(
    kind: Kind, parameter: str, values: Sequence[str], request: FhirRequest, hub: "Hub"
) -> tuple[Version, ...]:
    """The resources of a type that the client could find by itself."""
    query = parse_query(kind, [(parameter, ",".join(map(escape, values)))], hub.parameters, strict=True)
    query = narrowed(replace(query, count=_PER_URL * len(values)), request, hub)
    return (await hub.repository.search(query)).matches


async def _named(name: str, request: FhirRequest, hub: "Hub") -> Version | None:
    """The value set of the record that is named as ``ValueSet/id``, under its address where it has no URL."""
    reference = parse_reference(name)
    if reference is None or reference.type != "ValueSet" or reference.base not in ("", f"{hub.base_url}/"):
        return None
    assert request.grant is not None
    if "ValueSet" not in visible_types(request.grant, "read", hub.registry, hub.clock()):
        return None
    version = known(await hub.repository.read("ValueSet", reference.id), request, hub)
    if version is None or version.resource is None:
        return None
    return replace(version, resource={"url": f"{hub.base_url}/{reference.local}", **version.resource})
