"""The parameters that say how matches are told: ``_sort``, ``_count``, ``_include`` and the like.

One table names them, each with the function that reads it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

from careloom.model import Issue
from careloom.model.errors import InvalidError
from careloom.search.escaping import shown
from careloom.search.parameters import SearchParameter, SearchParameters
from careloom.search.query import Include, Query, SortKey, Summary, Total

MAX_PAGE_TOKEN = 4000
MAX_SORT_KEYS = 10

_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_INCLUDE = re.compile(r"(?P<source>[A-Za-z]+):(?P<parameter>[A-Za-z0-9_\-]+)(?::(?P<target>[A-Za-z]+))?")


class Results:
    """Takes the result parameters of one request.

    Attributes:
        unsupported: What was left out, and why.
    """

    def __init__(self, type: str, registry: SearchParameters) -> None:
        self._type = type
        self._registry = registry
        self._found: dict[str, Any] = {}
        self._taken: set[str] = set()
        self.unsupported: list[Issue] = []

    def take(self, code: str, modifier: str, value: str) -> None:
        """Read one parameter.

        Raises:
            InvalidError: It has a modifier, is given twice, or its value is wrong.
        """
        if modifier:
            raise _not_supported(f"{code} without modifier expected, found {shown(modifier)}")
        if code in self._taken and code not in ("_include", "_revinclude"):
            raise InvalidError("one value expected, found the parameter twice")
        self._taken.add(code)
        RESULT_PARAMETERS[code](self, value)

    def complete(self, query: Query) -> Query:
        """The query with what was taken."""
        return replace(query, **self._found) if self._found else query

    def sort(self, value: str) -> None:
        """``_sort=status,-date``."""
        if value.count(",") >= MAX_SORT_KEYS:
            raise InvalidError(f"at most {MAX_SORT_KEYS} parameters to sort by expected")
        keys = [(name.removeprefix("-"), name.startswith("-")) for name in value.split(",")]
        known = self._registry.of(self._type)
        for code, _ in keys:
            if code not in known or not known[code].is_searchable:
                self._leave_out("_sort", f"{self._type} cannot be sorted by {shown(code)}")
                return
        self._found["sort"] = tuple(SortKey(code, known[code].kind, descending) for code, descending in keys)

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

    def include(self, value: str) -> None:
        """``_include=Observation:subject:Patient``."""
        include = self._read_include("_include", value)
        if include is None:
            return
        if include.source != self._type:
            self._leave_out("_include", f"only what {self._type} refers to can be included, found {shown(value)}")
        else:
            self._add("includes", include)

    def revinclude(self, value: str) -> None:
        """``_revinclude=Observation:subject``."""
        include = self._read_include("_revinclude", value)
        if include is None:
            return
        if self._type not in self._targets(include) or include.target not in ("", self._type):
            raise InvalidError(f"a parameter that refers to {self._type} expected, found {shown(value)}")
        self._add("revincludes", include)

    def _read_include(self, name: str, value: str) -> Include | None:
        found = _INCLUDE.fullmatch(value)
        if not found:
            if value.endswith("*"):
                self._leave_out(name, f"the wildcard * is not supported, found {shown(value)}")
                return None
            raise InvalidError(f"Type:parameter or Type:parameter:Target expected, found {shown(value)}")
        include = Include(found["source"], found["parameter"], found["target"] or "")
        for type in (include.source, include.target):
            if type and not self._registry.is_resource_type(type):
                raise InvalidError(f"a resource type expected, found {shown(type)} in {shown(value)}")
        parameter = self._reference_parameter(include)
        if parameter is None:
            raise InvalidError(f"a reference parameter of {include.source} expected, found {shown(include.parameter)}")
        if include.target and include.target not in parameter.targets:
            raise InvalidError(f"{include.source}.{include.parameter} refers to no {include.target}")
        return include

    def _reference_parameter(self, include: Include) -> SearchParameter | None:
        parameter = self._registry.of(include.source).get(include.parameter)
        return parameter if parameter and parameter.kind == "reference" and parameter.is_searchable else None

    def _targets(self, include: Include) -> tuple[str, ...]:
        parameter = self._reference_parameter(include)
        return parameter.targets if parameter else ()

    def _add(self, field: str, include: Include) -> None:
        self._found[field] = tuple(dict.fromkeys((*self._found.get(field, ()), include)))

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
}


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidError(f"one of {', '.join(allowed)} expected, found {shown(value)}")
    return value


def _not_supported(diagnostics: str) -> InvalidError:
    return InvalidError(diagnostics, issues=[Issue("error", "not-supported", diagnostics)])
