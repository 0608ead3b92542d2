"""A search: what `careloom.search.parse` reads, what match and SQL are made from.

Its conditions (`careloom.search.conditions`) are narrowed by access rules already; what is included or followed beside
them (``_include``, ``_revinclude``) is held to ``Query.access``.
"""

from typing import Literal

from careloom.model import Issue
from careloom.model.records import dataclass
from careloom.search.conditions import NOTHING, Condition
from careloom.search.operands import Kind

Total = Literal["none", "estimate", "accurate"]
Summary = Literal["true", "text", "data", "count", "false"]


@dataclass(frozen=True, slots=True)
class Access:
    """What of each type may be seen, as a condition on resources of that type.

    Attributes:
        rules: Conditions by type, each type once.
        otherwise: For the types without a rule.
    """

    rules: tuple[tuple[str, Condition], ...] = ()
    otherwise: Condition = NOTHING

    def of(self, type: str) -> Condition:
        """What holds for all visible resources of a type."""
        return next((condition for named, condition in self.rules if named == type), self.otherwise)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of ``_sort``; resources without a value come last in either direction."""

    parameter: str
    kind: Kind
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """``source:parameter[:target]`` of ``_include`` or ``_revinclude``.

    Attributes:
        source: Type of the resource that refers; ``*`` for any type, of ``_revinclude`` alone.
        parameter: Code of a reference parameter; ``*`` for all of them.
        target: Type of what is referred to; empty for any.
        iterate: Whether it goes on from what was included, too.
    """

    source: str
    parameter: str
    target: str = ""
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One search, of one resource type or of several.

    Attributes:
        type: Resource type; empty in a search of the whole system, whose types are ``types``.
            `careloom.search.types.by_type` turns that into a query for each type.
        conditions: All of them hold for a match.
        sort: From the most significant key on; empty: newest first.
        count: Entries per page; 0 asks for the total alone; None leaves it to the server.
        total: How exact ``Bundle.total`` is to be; None leaves it to the server.
        elements: Names of ``_elements``.
        page: Opaque token of the store that made it, None for the first page.
        unsupported: Parameters that were left out of this query, for the client to know.
        types: The types of a search of the whole system as ``_type`` names them; empty for all.
        access: What may be seen; None where nothing narrows. The conditions have it already, see
            `careloom.search.access`; what is included beside the matches is held to it by `careloom.search.includes`.
    """

    type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int | None = None
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: Total | None = None
    summary: Summary | None = None
    elements: tuple[str, ...] = ()
    page: str | None = None
    unsupported: tuple[Issue, ...] = ()
    types: tuple[str, ...] = ()
    access: Access | None = None

    def covers(self, type: str) -> bool:
        """Whether resources of a type are searched at all."""
        return type == self.type or (not self.type and (not self.types or type in self.types))

    @property
    def counts_only(self) -> bool:
        """Whether the client wants the total and no entries."""
        return self.count == 0 or self.summary == "count"
