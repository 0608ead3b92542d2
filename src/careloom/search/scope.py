"""Whose parameters a name means while a request is read: those of one type, or what several have in common."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches

from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.model.records import dataclass, replace
from careloom.search.escaping import shown
from careloom.search.limits import Joins, Limits
from careloom.search.parameters import SearchParameter
from careloom.search.registry import SearchParameters

_STATES: Mapping[str, str] = {
    "indexing": "is being indexed and cannot be searched by until that is done",
    "retired": "is retired",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A place in the tree that is being read.

    Attributes:
        registry: Search parameters.
        types: The types of the resources asked about; empty for all types.
        parameters: By code, what they can be asked.
        now: The instant that ``ap`` measures the distance of a date from.
        joins: Counts the types that are looked at beside the one searched.
        depth: How many resources are between the one searched and this one.
    """

    registry: SearchParameters
    types: tuple[str, ...]
    parameters: Mapping[str, SearchParameter]
    now: datetime
    joins: Joins
    depth: int = 0

    @classmethod
    def of(cls, registry: SearchParameters, types: tuple[str, ...], now: datetime) -> "Scope":
        """The scope of a search of one type, or of several, or with none named of all.

        Raises:
            NotFoundError: No such resource type.
        """
        parameters = registry.of(types[0]) if len(types) == 1 else registry.common(types)
        return cls(registry, types, parameters, now, Joins(registry.limits.joins))

    @property
    def limits(self) -> Limits:
        """How much one search may ask for."""
        return self.registry.limits

    @property
    def name(self) -> str:
        """How messages call what is searched."""
        return ", ".join(self.types) or "a search of all types"

    def behind(self, type: str) -> "Scope":
        """The scope of a resource of a type that a chain or ``_has`` leads to.

        Raises:
            TooCostlyError: Too far from where the search began, or too many types looked at.
        """
        if self.depth >= self.limits.depth:
            raise TooCostlyError(f"at most {self.limits.depth} resources in a chain, one behind the other")
        self.joins.add(1)
        parameters = self.registry.of(type)
        return replace(self, types=(type,), parameters=parameters, depth=self.depth + 1)

    def parameter(self, code: str) -> SearchParameter:
        """The parameter by a code.

        Raises:
            NotSupportedError: There is none, or it cannot be searched by now.
        """
        found = self.parameters.get(code)
        if found is None:
            similar = get_close_matches(code, self.parameters, n=1)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            raise NotSupportedError(f"{self.name} has no search parameter {shown(code)}{hint}")
        if not found.is_searchable:
            raise NotSupportedError(f"{self.name}: the {found.kind} parameter {shown(code)} {_why(found)}")
        fault = self.registry.fault(self.types[0], code) if len(self.types) == 1 else ""
        if fault:
            raise NotSupportedError(f"{self.name}: the parameter {shown(code)} has a broken definition: {fault}")
        return found


def _why(parameter: SearchParameter) -> str:
    if parameter.state == "broken":
        return f"has a broken definition: {parameter.fault}"
    return _STATES.get(parameter.state, "is not supported, its definition has no expression")
