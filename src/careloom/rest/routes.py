"""From a method and an address to the interaction it asks for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from careloom.model.errors import MalformedError, NotFoundError
from careloom.rest.interaction import Interaction
from careloom.rest.outcomes import MethodNotAllowedError

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Route:
    """An interaction and what the address says about it."""

    interaction: Interaction
    type: str = ""
    id: str = ""
    version_id: str = ""


class Routes:
    """The table of interactions, asked by address."""

    def __init__(self, interactions: Iterable[Interaction], types: Iterable[str]) -> None:
        self.interactions = tuple(interactions)
        self.types = frozenset(types)
        self._patterns: dict[int, list[tuple[Interaction, list[str]]]] = {}
        for row in self.interactions:
            pattern = _segments(row.path)
            self._patterns.setdefault(len(pattern), []).append((row, pattern))

    def is_open(self, path: str) -> bool:
        """Whether what is at an address is answered to anybody."""
        return any(row.is_open for row, _ in self._fitting(path))

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
        here = self._fitting(path)
        if not here:
            raise NotFoundError(f"nothing is offered at {path!r}")
        values = here[0][1]
        self._check(values)
        for row, _ in here:
            if row.method == ("GET" if method == "HEAD" else method):
                return Route(row, **values)
        raise MethodNotAllowedError(f"{method} is not offered at {path!r}", allow=_methods(row for row, _ in here))

    def _fitting(self, path: str) -> list[tuple[Interaction, dict[str, str]]]:
        """The rows whose address has the shape of a path, each with what its placeholders stand for."""
        segments = _segments(path)
        rows = self._patterns.get(len(segments), ())
        return [(row, values) for row, pattern in rows if (values := _fit(pattern, segments)) is not None]

    def _check(self, values: dict[str, str]) -> None:
        if "type" in values and values["type"] not in self.types:
            raise NotFoundError(f"{values['type']!r} is not a resource type of FHIR R4 that the hub holds")
        for name in ("id", "version_id"):
            if name in values and not _ID.fullmatch(values[name]):
                raise MalformedError(f"{name}: 1 to 64 of A-Z a-z 0-9 - . expected, found {values[name]!r}")


def _segments(path: str) -> list[str]:
    return [segment for segment in path.strip("/").split("/") if segment]


def _fit(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """What the placeholders of a pattern, of as many segments, stand for; None where the address does not fit it."""
    values = {}
    for expected, found in zip(pattern, segments, strict=True):
        if expected[0] == "{" and not _is_special(expected, found):
            values[expected[1:-1]] = found
        elif expected != found:
            return None
    return values


def _is_special(placeholder: str, segment: str) -> bool:
    """Whether a segment is one of FHIR's own words, ``_search`` or ``$validate``, which no id can be."""
    return segment[0] in "_$" or (placeholder == "{type}" and not segment[0].isupper())


def _methods(rows: Iterable[Interaction]) -> list[str]:
    methods = dict.fromkeys(row.method for row in rows)
    return [*methods, "HEAD"] if "GET" in methods else list(methods)
