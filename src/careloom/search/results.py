"""The parameters that say how matches are told: ``_sort``, ``_count``, ``_include`` and the like.

One table names them, each with the function that reads it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from careloom.model import Issue
from careloom.model.errors import InvalidError
from careloom.model.records import replace
from careloom.search.escaping import shown
from careloom.search.limits import hold
from careloom.search.parameters import SearchParameter
from careloom.search.query import Include, Query, SortKey, Summary, Total
from careloom.search.refusals import not_supported
from careloom.search.scope import Scope

MAX_PAGE_TOKEN = 4000

_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_ELEMENT = re.compile(r"(?:[A-Z][A-Za-z]+\.)?[A-Za-z][A-Za-z0-9]*(?:\[x\])?")
_INCLUDE = re.compile(r"(?P<source>[A-Za-z]+|\*):(?P<parameter>[A-Za-z0-9_\-]+|\*)(?::(?P<target>[A-Za-z]+))?")

_REPEATED = frozenset({"_include", "_revinclude"})
ANY = "*"


class Results:
    """Takes the result parameters of one request.

    Attributes:
        unsupported: What was left out, and why.
    """

    def __init__(self, scope: Scope, *, is_of_system: bool = False) -> None:
        self._scope = scope
        self._registry = scope.registry
        self._is_of_system = is_of_system
        self._found: dict[str, Any] = {}
        self._taken: set[str] = set()
        self._iterates = False
        self.unsupported: list[Issue] = []

    def take(self, code: str, modifier: str, value: str) -> None:
        """Read one parameter.

        Raises:
            InvalidError: It has a modifier, is given twice, or its value is wrong.
        """
        self._iterates = code in _REPEATED and modifier == "iterate"
        if modifier and not self._iterates:
            raise not_supported(f"{code} {_WITH[code in _REPEATED]} expected, found {shown(modifier)}")
        if code in self._taken and code not in _REPEATED:
            raise InvalidError("one value expected, found the parameter twice")
        self._taken.add(code)
        RESULT_PARAMETERS[code](self, value)

    def complete(self, query: Query) -> Query:
        """The query with what was taken."""
        return replace(query, **self._found) if self._found else query

    def sort(self, value: str) -> None:
        """``_sort=status,-date``."""
        names = [(name.removeprefix("-"), name.startswith("-")) for name in value.split(",")]
        hold(len(names), self._scope.limits.sort_keys, "parameters to sort by")
        keys: list[SortKey] = []
        for code, descending in names:
            known = self._scope.parameters.get(code)
            if known is None or not known.is_sortable:
                self._leave_out("_sort", f"{self._scope.name} cannot be sorted by {shown(code)}")
                return
            keys.append(SortKey(code, known.kind, descending))
        self._found["sort"] = tuple(keys)

    def count(self, value: str) -> None:
        """``_count=20``."""
        if not _COUNT.fullmatch(value):
            raise InvalidError(f"a whole number of at most nine digits expected, found {shown(value)}")
        self._found["count"] = int(value)

    def total(self, value: str) -> None:
        """``_total=accurate``."""
        self._found["total"] = _one_of(value, get_args(Total))

    def summary(self, value: str) -> None:
        """``_summary=count``."""
        self._found["summary"] = _one_of(value, get_args(Summary))

    def elements(self, value: str) -> None:
        """``_elements=identifier,name``."""
        names = value.split(",")
        for name in names:
            if not _ELEMENT.fullmatch(name):
                raise InvalidError(f"names of elements separated by commas expected, found {shown(name)}")
        self._found["elements"] = tuple(dict.fromkeys(names))

    def page(self, value: str) -> None:
        """``_page=…``, as a link of ours has it."""
        if len(value) > MAX_PAGE_TOKEN:
            raise InvalidError("the token of a link that this server gave expected, found a longer text")
        self._found["page"] = value

    def type(self, value: str) -> None:
        """``_type=Patient,Observation``, whose names are read before all else."""
        if not self._is_of_system:
            self._leave_out("_type", "it goes with a search of the whole system")

    def contained(self, value: str) -> None:
        """``_contained=false``; contained resources are never found by themselves."""
        if _one_of(value, ("true", "false", "both")) != "false":
            self._leave_out("_contained", "contained resources are not searched by themselves, only what contains them")

    def contained_type(self, value: str) -> None:
        """``_containedType``, which says what to return for a contained resource."""
        if _one_of(value, ("container", "contained")) != "container":
            self._leave_out("_containedType", "contained resources are told within what contains them")

    def include(self, value: str) -> None:
        """``_include=Observation:subject:Patient``, ``_include=Observation:*``, ``_include=*``."""
        include = self._read_include(value)
        if include.source == ANY:
            if not self._scope.types:
                raise not_supported("Type:parameter expected in a search of all types, found *")
            for type in self._scope.types:
                self._add("includes", replace(include, source=type))
        elif not include.iterate and not self._is_searched(include.source):
            self._leave_out(
                "_include",
                f"only what {self._scope.name} refers to is included, found {shown(value)}; "
                "_include:iterate goes on from what was included",
            )
        else:
            self._add("includes", include)

    def revinclude(self, value: str) -> None:
        """``_revinclude=Observation:subject``, ``_revinclude=Observation:*``, ``_revinclude=*``."""
        include = self._read_include(value)
        if not include.iterate and not self._refers_here(include):
            raise InvalidError(f"a parameter that refers to {self._scope.name} expected, found {shown(value)}")
        self._add("revincludes", include)

    def _read_include(self, value: str) -> Include:
        found = _INCLUDE.fullmatch(f"{ANY}:{ANY}" if value == ANY else value)
        if not found:
            raise InvalidError(f"Type:parameter, Type:parameter:Target or * expected, found {shown(value)}")
        include = Include(found["source"], found["parameter"], found["target"] or "", self._iterates)
        for type in (include.source, include.target):
            if type not in ("", ANY) and not self._registry.is_resource_type(type):
                raise InvalidError(f"a resource type expected, found {shown(type)} in {shown(value)}")
        if include.source == ANY and include.parameter != ANY:
            raise InvalidError(f"a resource type before the parameter expected, found {shown(value)}")
        if include.parameter != ANY:
            self._check(include)
        return include

    def _check(self, include: Include) -> None:
        parameter = self._registry.of(include.source).get(include.parameter)
        if parameter is None or not _is_reference(parameter):
            raise InvalidError(f"a reference parameter of {include.source} expected, found {shown(include.parameter)}")
        if include.target and include.target not in parameter.targets:
            raise InvalidError(f"{include.source}.{include.parameter} refers to no {include.target}")

    def _is_searched(self, type: str) -> bool:
        return not self._scope.types or type in self._scope.types

    def _refers_here(self, include: Include) -> bool:
        """Whether the parameter, or one of all, may lead to what is searched."""
        if include.target and not self._is_searched(include.target):
            return False
        if include.source == ANY:
            return True
        parameters = self._registry.of(include.source)
        named = parameters.values() if include.parameter == ANY else [parameters[include.parameter]]
        return any(_is_reference(each) and any(map(self._is_searched, each.targets)) for each in named)

    def _add(self, field: str, include: Include) -> None:
        self._found[field] = tuple(dict.fromkeys((*self._found.get(field, ()), include)))
        number = sum(len(self._found.get(each, ())) for each in ("includes", "revincludes"))
        hold(number, self._scope.limits.includes, "_include and _revinclude")

    def _leave_out(self, name: str, why: str) -> None:
        self.unsupported.append(
            Issue("warning", "not-supported", f"{name}: {why}", expression=name, rule="search-parameter")
        )


RESULT_PARAMETERS: Mapping[str, Callable[[Results, str], None]] = {
    "_sort": Results.sort,
    "_count": Results.count,
    "_include": Results.include,
    "_revinclude": Results.revinclude,
    "_total": Results.total,
    "_summary": Results.summary,
    "_elements": Results.elements,
    "_page": Results.page,
    "_type": Results.type,
    "_contained": Results.contained,
    "_containedType": Results.contained_type,
}

_WITH = ("without modifier", "without modifier or with iterate")


def _is_reference(parameter: SearchParameter) -> bool:
    return parameter.kind == "reference" and parameter.is_searchable


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidError(f"one of {', '.join(allowed)} expected, found {shown(value)}")
    return value
