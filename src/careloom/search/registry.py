"""The search parameters of each resource type, read from the SearchParameter resources of the definitions.

What is read is a table per type, made when the type is first met: parameters by code, and for each the ways
to its values. FHIRPath is compiled only for the types that are indexed or matched.

A registry is never changed. When a SearchParameter is added, or is done with its reindexing, `with_changes` makes the
next one, and whoever holds the old one goes on with the old one. What it has looked up of types that the change does
not touch is handed on.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from datetime import UTC, tzinfo
from types import MappingProxyType

from careloom.definitions import Definitions, TypeModel
from careloom.model import Resource
from careloom.model.errors import DefinitionError, NotFoundError
from careloom.model.records import replace
from careloom.search.compartments import Members, read_compartments
from careloom.search.definitions import compile_paths, read_parameter, with_components
from careloom.search.limits import DEFAULT, Limits
from careloom.search.parameters import Path, SearchParameter, State
from careloom.terminology.for_search import CodesForSearch

_NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})
_ALL_ACTIVE: Mapping[str, State] = MappingProxyType({})


class SearchParameters:
    """All search parameters, by resource type; immutable but for what it has looked up already.

    Attributes:
        base_url: Address of this server with a closing slash, or empty; absolute references below it are local.
        zone: Time zone of dates and times written without one.
        codes: What value sets and code hierarchies are asked of; None where there is no terminology.
        limits: How much one search may ask for.
        recorded: SearchParameter resources that stand beside those of the definitions, see `careloom.search.custom`.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        base_url: str = "",
        zone: tzinfo = UTC,
        left_out: Mapping[str, Collection[str]] = _NOTHING,
        states: Mapping[str, State] = _ALL_ACTIVE,
        codes: CodesForSearch | None = None,
        limits: Limits = DEFAULT,
        recorded: tuple[Resource, ...] = (),
    ) -> None:
        """Read nothing yet.

        Args:
            definitions: Where SearchParameter resources are.
            base_url: Address of this server.
            zone: Time zone of dates and times written without one.
            left_out: By type, codes of parameters that are neither indexed nor searched by.
            states: By canonical URL, the states of parameters that are not active.
            codes: Answers for ``:in``, ``:not-in``, ``:above`` and ``:below``.
            limits: How much one search may ask for.
            recorded: SearchParameter resources beside those of the definitions.
        """
        self.base_url = base_url if not base_url or base_url.endswith("/") else base_url + "/"
        self.zone = zone
        self.codes = codes
        self.limits = limits
        self.recorded = recorded
        self._left_out = left_out
        self._states = states
        self._installed = definitions
        self._definitions = definitions.with_resources(recorded) if recorded else definitions
        self._by_base: dict[str, list[Resource]] | None = None
        self._compartments: Members | None = None
        self._compartments_of: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self._parameters: dict[str, Mapping[str, SearchParameter]] = {}
        self._common: dict[tuple[str, ...], Mapping[str, SearchParameter]] = {}
        self._paths: dict[str, Mapping[str, tuple[Path, ...]]] = {}
        self._faults: dict[tuple[str, str], str] = {}

    def with_changes(
        self,
        *,
        definitions: Definitions | None = None,
        states: Mapping[str, State] | None = None,
        recorded: tuple[Resource, ...] | None = None,
    ) -> "SearchParameters":
        """Another registry, with other definitions, other states of parameters or other recorded ones."""
        other = SearchParameters(
            definitions or self._installed,
            base_url=self.base_url,
            zone=self.zone,
            left_out=self._left_out,
            states=self._states if states is None else states,
            codes=self.codes,
            limits=self.limits,
            recorded=self.recorded if recorded is None else recorded,
        )
        if definitions is None:
            other._take_over(self)
        return other

    def touched(self, other: "SearchParameters") -> frozenset[str]:
        """The resource types of which two registries of the same definitions may tell otherwise."""
        states, others = self._states, other._states
        urls = [url for url in states.keys() | others.keys() if states.get(url) != others.get(url)]
        changed = [
            *(each for each in self.recorded if each not in other.recorded),
            *(each for each in other.recorded if each not in self.recorded),
            *(each for registry in (self, other) for each in registry._at(urls)),
        ]
        bases = {base for definition in changed for base in definition.get("base", ())}
        return frozenset(type for base in bases for type in self.types_below(base))

    def leaves_out(self, type: str, code: str) -> bool:
        """Whether a type is neither indexed nor searched by a code, whoever defines it."""
        return code in self._left_out.get(type, ())

    def types_below(self, base: str) -> frozenset[str]:
        """The concrete resource types that are of a type, or are that type."""
        return frozenset(type for type in self.resource_types() if self._definitions.types.is_a(type, base))

    @property
    def definitions(self) -> Definitions:
        """Where the SearchParameter resources are, without the recorded ones."""
        return self._installed

    @property
    def states(self) -> Mapping[str, State]:
        """By canonical URL, the states of parameters that are not active."""
        return self._states

    def with_codes(self, codes: CodesForSearch) -> "SearchParameters":
        """The same registry with all it has looked up, that asks others for its sets of codes."""
        other = copy(self)
        other.codes = codes
        return other

    def of(self, type: str) -> Mapping[str, SearchParameter]:
        """The parameters of a type by code, those of Resource and DomainResource included.

        Raises:
            NotFoundError: No such resource type.
        """
        known = self._parameters.get(type)
        if known is None:
            known = self._parameters[type] = self._read(type)
        return known

    def common(self, types: Iterable[str] = ()) -> Mapping[str, SearchParameter]:
        """The parameters that several types have in common and read alike; of all types by default.

        Raises:
            NotFoundError: No such resource type.
        """
        wanted = tuple(sorted(types or self.resource_types()))
        known = self._common.get(wanted)
        if known is None:
            known = self._common[wanted] = _shared([self.of(type) for type in wanted])
        return known

    def paths(self, type: str) -> Mapping[str, tuple[Path, ...]]:
        """The ways to the values of each indexed parameter of a type, by code; a broken one is left out.

        Raises:
            NotFoundError: No such resource type.
        """
        known = self._paths.get(type)
        if known is None:
            known = self._paths[type] = dict(self._compiled(type))
        return known

    def fault(self, type: str, code: str) -> str:
        """What is wrong with the definition of a parameter; empty if nothing is."""
        parameter = self.of(type)[code]
        if parameter.is_searchable and parameter.branches:
            self.paths(type)
        return parameter.fault or self._faults.get((type, code), "")

    def compartments(self, type: str) -> Mapping[str, tuple[str, ...]]:
        """By compartment, the codes of the parameters that put a resource of a type there.

        The type whose compartment it is has itself in it, with or without parameters.
        """
        known = self._compartments_of.get(type)
        if known is None:
            members = self._all_compartments().items()
            known = {code: types.get(type, ()) for code, types in members if type in types or type == code}
            self._compartments_of[type] = known
        return known

    def is_compartment(self, name: str) -> bool:
        """Whether resources of this type have a compartment."""
        return name in self._all_compartments()

    @property
    def types(self) -> TypeModel:
        """What the types of FHIR look like."""
        return self._definitions.types

    def is_resource_type(self, name: str) -> bool:
        """Whether this is the name of a concrete resource type."""
        return name in self.resource_types()

    def resource_types(self) -> frozenset[str]:
        """The names of the concrete resource types."""
        return self._definitions.types.resource_types()

    def _take_over(self, before: "SearchParameters") -> None:
        """Have what another has looked up of the types that are the same here."""
        touched = before.touched(self)
        self._compartments, self._compartments_of = before._compartments, dict(before._compartments_of)
        self._parameters = {type: each for type, each in list(before._parameters.items()) if type not in touched}
        self._paths = {type: each for type, each in list(before._paths.items()) if type not in touched}
        self._faults = {key: each for key, each in list(before._faults.items()) if key[0] not in touched}

    def _at(self, urls: Iterable[str]) -> list[Resource]:
        """The definitions of parameters by their canonical URL, as far as there are any."""
        found = (self._definitions.find(url, "SearchParameter") for url in urls)
        return [definition for definition in found if definition is not None]

    def _all_compartments(self) -> Members:
        if self._compartments is None:
            self._compartments = read_compartments(self._definitions)
        return self._compartments

    def _compiled(self, type: str) -> Iterator[tuple[str, tuple[Path, ...]]]:
        for code, parameter in self.of(type).items():
            if parameter.is_indexed and parameter.branches:
                try:
                    yield code, tuple(compile_paths(parameter, type, self._definitions))
                except DefinitionError as error:
                    self._faults[type, code] = str(error)

    def _read(self, type: str) -> Mapping[str, SearchParameter]:
        if not self.is_resource_type(type):
            raise NotFoundError(f"{type!r} is not a FHIR resource type")
        found: dict[str, Resource] = {}
        for definition in self._definitions_for(type):
            code = definition["code"]
            if not (code in found and definition.get("experimental")):
                found[code] = definition  # a later layer wins, but examples in a package do not
        parameters = {code: self._parameter(found[code], type) for code in found}
        by_url = {parameter.url: parameter for parameter in parameters.values()}
        left_out = self._left_out.get(type, ())
        return {
            code: with_components(each, found[code], by_url) if each.kind == "composite" and each.branches else each
            for code, each in parameters.items()
            if code not in left_out
        }

    def _parameter(self, definition: Resource, type: str) -> SearchParameter:
        state = self._states.get(definition.get("url", ""), "active")
        return read_parameter(definition, type, state, self._definitions)

    def _definitions_for(self, type: str) -> Iterator[Resource]:
        """Most general base first, lower layer first."""
        by_base = self._by_base
        if by_base is None:
            by_base = self._by_base = self._all_by_base()  # all at once: another thread may ask meanwhile
        for base in ("Resource", "DomainResource"):
            if self._definitions.types.is_a(type, base):
                yield from by_base.get(base, ())
        yield from by_base.get(type, ())

    def _all_by_base(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for definition in self._definitions.all("SearchParameter"):
            for base in definition.get("base", ()):
                found.setdefault(base, []).append(definition)
        return found


def _shared(tables: list[Mapping[str, SearchParameter]]) -> Mapping[str, SearchParameter]:
    """What all tables have, of the same kind and compared alike; a reference may lead to all that one of them may."""
    found: dict[str, SearchParameter] = {}
    for code, first in tables[0].items():
        others = [table[code] for table in tables if code in table]
        alike = all((each.kind, each.folded, each.state) == (first.kind, first.folded, first.state) for each in others)
        if len(others) == len(tables) and alike and first.kind != "composite":
            targets = tuple(sorted({target for each in others for target in each.targets}))
            found[code] = replace(first, targets=targets)
    return found
