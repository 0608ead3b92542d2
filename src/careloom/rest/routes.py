"""From a method and an address to the interaction it asks for."""

import re
from collections.abc import Iterable, Mapping, Sequence

from careloom.model.errors import MalformedError, NotFoundError
from careloom.model.records import dataclass, replace
from careloom.rest.errors import MethodNotAllowedError
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OF_RESOURCES = frozenset({"{type}", "{type}/{id}"})
"""The addresses that nearly all requests are for; what one leads to depends on the type, and on no id."""


@dataclass(frozen=True, slots=True)
class Route:
    """An interaction and what the address says about it, by the names of its placeholders."""

    interaction: Interaction
    values: Mapping[str, str]

    @property
    def told(self) -> dict[str, str]:
        """What the address says, by the names of the fields of a request."""
        told = {"code": self.interaction.code, **self.values}
        if "owner" in told:
            told["compartment"] = f"{told.pop('compartment')}/{told.pop('owner')}"
        return told

    def addressed(self, request: FhirRequest) -> FhirRequest:
        """The request with all that its address says."""
        return replace(request, **self.told)  # type: ignore[arg-type]  # placeholders are fields


class Routes:
    """The table of interactions, asked by address.

    Placeholders in a path are ``type``, ``id``, ``version_id``, ``file``, and for a compartment ``compartment`` (its
    type) and ``owner`` (the id of the resource it is of).
    """

    def __init__(self, interactions: Iterable[Interaction], types: Iterable[str]) -> None:
        self.interactions = tuple(interactions)
        self.types = frozenset(types)
        self._patterns: dict[int, list[tuple[Interaction, list[str]]]] = {}
        self._by_method: dict[tuple[str, int], list[tuple[Interaction, list[str]]]] = {}
        self._open = frozenset(row.path for row in self.interactions if row.is_open)
        self._words = frozenset(segment for row in self.interactions for segment in _segments(row.path))
        self._found: dict[tuple[str, str, bool], Interaction] = {}
        for row in self.interactions:
            pattern = _segments(row.path)
            self._patterns.setdefault(len(pattern), []).append((row, pattern))
            self._by_method.setdefault((row.method, len(pattern)), []).append((row, pattern))

    def methods(self, path: str) -> list[str]:
        """The HTTP methods that are offered at an address."""
        return _methods(row for row, _ in self._fitting(path))

    def is_open(self, path: str) -> bool:
        """Whether what is at an address is answered to anybody; such an address is written out in the table."""
        return "/".join(_segments(path)) in self._open

    def find(self, method: str, path: str) -> Route:
        """The interaction at an address below the base.

        Args:
            method: HTTP method; HEAD is answered as GET is.
            path: Decoded, without query, ``Patient/1``; slashes at its ends do not count.

        Raises:
            NotFoundError: Nothing is offered there, or the type is unknown.
            MethodNotAllowedError: Something is offered there, but not for this method.
            MalformedError: What stands where an id belongs is not an id.
        """
        type, _, id = path.strip("/").partition("/")
        known = self._found.get((method, type, bool(id)))
        if known and (not id or (_ID.fullmatch(id) and id not in self._words)):
            return Route(known, {"type": type, "id": id} if id else {"type": type})
        route = self._looked_up(method, path)
        if route.interaction.path in _OF_RESOURCES:
            self._found[method, type, bool(id)] = route.interaction
        return route

    def _looked_up(self, method: str, path: str) -> Route:
        """What is found in the table."""
        segments = _segments(path)
        for row, pattern in self._by_method.get(("GET" if method == "HEAD" else method, len(segments)), ()):
            values = _fit(pattern, segments)
            if values is not None and _is_offered(row, values):
                self._check(values)
                return Route(row, values)
        here = self._fitting(path)
        if not here:
            raise NotFoundError(f"nothing is offered at {path!r}")
        self._check(here[0][1])
        raise MethodNotAllowedError(f"{method} is not offered at {path!r}", allow=_methods(row for row, _ in here))

    def _fitting(self, path: str) -> list[tuple[Interaction, dict[str, str]]]:
        """The rows whose address has the shape of a path, each with what its placeholders stand for."""
        segments = _segments(path)
        rows = self._patterns.get(len(segments), ())
        fitting = ((row, _fit(pattern, segments)) for row, pattern in rows)
        return [(row, values) for row, values in fitting if values is not None and _is_offered(row, values)]

    def _check(self, values: dict[str, str]) -> None:
        for name in ("type", "compartment"):
            if name in values and values[name] not in self.types:
                raise NotFoundError(f"{values[name]!r} is not a resource type of FHIR R4 that the hub holds")
        for name in ("id", "version_id", "owner"):
            if name in values and not _ID.fullmatch(values[name]):
                raise MalformedError(f"{name}: 1 to 64 of A-Z a-z 0-9 - . expected, found {values[name]!r}")


def _is_offered(row: Interaction, values: Mapping[str, str]) -> bool:
    """Whether a row is offered for the type in the address."""
    kind = values.get("compartment") or values.get("type")
    return not row.types or kind in row.types


def _segments(path: str) -> list[str]:
    return [segment for segment in path.strip("/").split("/") if segment]


def _fit(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """What the placeholders of a pattern, of as many segments, stand for; None where the address does not fit it."""
    values = {}
    for expected, found in zip(pattern, segments, strict=True):
        if expected[0] != "{":
            if expected != found:
                return None
        elif _is_special(expected, found):
            return None
        else:
            values[expected[1:-1]] = found
    return values


def _is_special(placeholder: str, segment: str) -> bool:
    """Whether a segment is one of FHIR's own words, ``_search`` or ``$validate``, which no id can be."""
    return segment[0] in "_$" or (placeholder in ("{type}", "{compartment}") and not segment[0].isupper())


def _methods(rows: Iterable[Interaction]) -> list[str]:
    methods = dict.fromkeys(row.method for row in rows)
    return [*methods, "HEAD"] if "GET" in methods else list(methods)
