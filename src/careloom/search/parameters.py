"""The search parameters of each resource type, read from the SearchParameter resources of the definitions.

What is read is a table per type, made when the type is first met: parameters by code, and for each the ways
to its values. FHIRPath is compiled only for the types that are indexed or matched.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from types import MappingProxyType
from typing import get_args

from careloom.definitions import Definitions
from careloom.fhirpath import Expression, compile_expression
from careloom.model import Resource
from careloom.model.errors import CareloomError, DefinitionError, NotFoundError
from careloom.search.elements import element_at, implied_system, json_keys
from careloom.search.expressions import Branch, branches
from careloom.search.query import Kind

_KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One parameter as it applies to one resource type.

    Attributes:
        code: What clients write.
        kind: SearchParameter.type.
        url: Canonical URL of the definition.
        branches: Where the values are; empty where the definition has no expression, as for ``_content``.
        targets: Concrete resource types a reference may lead to; empty for other kinds.
        folded: Whether tokens are compared without regard to case, since the element is a plain string.
    """

    code: str
    kind: Kind
    url: str
    branches: tuple[Branch, ...]
    targets: tuple[str, ...] = ()
    folded: bool = False

    @property
    def is_searchable(self) -> bool:
        """Whether Careloom finds by it: composite and special parameters and those without expression wait."""
        return bool(self.branches) and self.kind not in ("composite", "special")


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a resource to values of a parameter.

    Attributes:
        expression: Gives the elements.
        keys: JSON keys of the resource without any of which there are none; empty where that is not known.
        target: Resource type that a reference must lead to; empty for any.
        system: Code system of ``code`` elements; None where it is not known.
        is_name: Whether the texts are part of a person's name, found by each of their words.
    """

    expression: Expression
    keys: frozenset[str] = frozenset()
    target: str = ""
    system: str | None = None
    is_name: bool = False


class SearchParameters:
    """All search parameters, by resource type; immutable but for what it has looked up already.

    Attributes:
        base_url: Address of this server with a closing slash, or empty; absolute references below it are local.
        zone: Time zone of dates and times written without one.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        base_url: str = "",
        zone: tzinfo = UTC,
        left_out: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Read nothing yet.

        Args:
            definitions: Where SearchParameter resources are.
            base_url: Address of this server.
            zone: Time zone of dates and times written without one.
            left_out: By type, codes of parameters that are neither indexed nor searched by.
        """
        self.base_url = base_url if not base_url or base_url.endswith("/") else base_url + "/"
        self.zone = zone
        self._left_out = left_out
        self._definitions = definitions
        self._by_base: dict[str, list[Resource]] | None = None
        self._parameters: dict[str, Mapping[str, SearchParameter]] = {}
        self._paths: dict[str, Mapping[str, tuple[Path, ...]]] = {}

    def of(self, type: str) -> Mapping[str, SearchParameter]:
        """The parameters of a type by code, those of Resource and DomainResource included.

        Raises:
            NotFoundError: No such resource type.
        """
        known = self._parameters.get(type)
        if known is None:
            known = self._parameters[type] = self._read(type)
        return known

    def paths(self, type: str) -> Mapping[str, tuple[Path, ...]]:
        """The ways to the values of each searchable parameter of a type, by code.

        Raises:
            NotFoundError: No such resource type.
            DefinitionError: The expression of a parameter is not FHIRPath; names the parameter's URL.
        """
        known = self._paths.get(type)
        if known is None:
            searchable = (parameter for parameter in self.of(type).values() if parameter.is_searchable)
            known = {each.code: tuple(self._compiled(type, each)) for each in searchable}
            self._paths[type] = known
        return known

    def is_resource_type(self, name: str) -> bool:
        """Whether this is the name of a concrete resource type."""
        return name in self._definitions.types.resource_types()

    def _read(self, type: str) -> Mapping[str, SearchParameter]:
        if not self.is_resource_type(type):
            raise NotFoundError(f"{type!r} is not a FHIR resource type")
        found: dict[str, Resource] = {}
        for definition in self._definitions_for(type):
            code = definition["code"]
            if not (code in found and definition.get("experimental")):
                found[code] = definition  # a later layer wins, but examples in a package do not
        left_out = self._left_out.get(type, ())
        return {code: self._parameter(found[code], type) for code in found if code not in left_out}

    def _definitions_for(self, type: str) -> Iterator[Resource]:
        """Most general base first, lower layer first."""
        if self._by_base is None:
            self._by_base = {}
            for definition in self._definitions.all("SearchParameter"):
                for base in definition.get("base", ()):
                    self._by_base.setdefault(base, []).append(definition)
        for base in ("Resource", "DomainResource"):
            if self._definitions.types.is_a(type, base):
                yield from self._by_base.get(base, ())
        yield from self._by_base.get(type, ())

    def _parameter(self, definition: Resource, type: str) -> SearchParameter:
        kind = definition.get("type", "")
        if kind not in _KINDS:
            raise DefinitionError(f"type: a kind of search parameter expected, found {kind!r}", url=definition["url"])
        ways = branches(definition.get("expression", ""), type, self._definitions.types.is_a)
        return SearchParameter(
            code=definition["code"],
            kind=kind,
            url=definition["url"],
            branches=ways,
            targets=self._targets(definition, ways) if kind == "reference" else (),
            folded=kind == "token" and bool(ways) and all(self._is_string(type, way) for way in ways),
        )

    def _targets(self, definition: Resource, ways: tuple[Branch, ...]) -> tuple[str, ...]:
        narrowed = {way.target for way in ways}
        if narrowed and "" not in narrowed:
            return tuple(sorted(narrowed))
        concrete = self._definitions.types.resource_types()
        named = [target for target in definition.get("target", ()) if target in concrete]
        return tuple(sorted(named or concrete))

    def _is_string(self, type: str, branch: Branch) -> bool:
        element = element_at(self._definitions, type, branch.path)
        return element is not None and element.types == ("string",)

    def _compiled(self, type: str, parameter: SearchParameter) -> Iterator[Path]:
        for branch in parameter.branches:
            element = element_at(self._definitions, type, branch.path)
            first = element_at(self._definitions, type, (branch.first,)) if branch.first else None
            is_code = parameter.kind == "token" and element is not None and element.types == ("code",)
            try:
                expression = compile_expression(branch.text, types=self._definitions.types, context_type=type)
            except CareloomError as error:
                raise DefinitionError(f"expression {branch.text!r}: {error}", url=parameter.url) from error
            yield Path(
                expression=expression,
                keys=json_keys(first) if first else frozenset(),
                target=branch.target,
                system=implied_system(self._definitions, element) if is_code and element else None,
                is_name=element is not None and element.path == "HumanName.family",
            )
