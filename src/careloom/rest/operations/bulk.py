"""What bulk operations have in common: they are answered later, and their files are lines of JSON."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from careloom.model.errors import MalformedError
from careloom.model.json import serialize_json
from careloom.model.records import dataclass, field
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.job import Task
from careloom.rest.messages import FhirRequest
from careloom.rest.told import types_told

LINES: Final = 100_000
"""Lines of a file, after which the next file of its kind begins."""

_OURS_ALONE: Final = 0o600


def require_later(request: FhirRequest, hub: Hub) -> None:
    """Refuse what is not asked for by the asynchronous pattern.

    Raises:
        MalformedError: The request is to be answered at once, or this hub takes no jobs.
    """
    if hub.jobs is None:
        raise MalformedError(f"{request.code}: this hub has no place for requests that are answered later")
    if "respond-async" not in request.header("prefer"):
        raise MalformedError(f"{request.code}: the header Prefer: respond-async expected, found {_preferred(request)}")


def task_of(request: FhirRequest, hub: Hub) -> Task:
    """The job that a bulk operation is worked on as.

    Raises:
        MalformedError: There is none.
    """
    if request.task is None:
        require_later(request, hub)
        raise MalformedError(f"{request.code}: it is answered later, and so has no place in a bundle")
    return request.task


@dataclass(slots=True)
class NdjsonFiles:
    """Files of lines, one JSON object on each, by the kind of what they hold.

    Attributes:
        task: Whose files they are.
    """

    task: Task
    _counts: dict[str, list[int]] = field(default_factory=dict)
    _waiting: dict[str, list[bytes]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Lines in all files."""
        return sum(map(sum, self._counts.values()))

    def add(self, kind: str, resources: Iterable[Resource]) -> None:
        """Write resources at the end of the files of a kind; blocks."""
        for resource in resources:
            self.task.types |= types_told(resource)
            counts = self._counts.setdefault(kind, [])
            if not counts or counts[-1] >= LINES:
                counts.append(0)
            counts[-1] += 1
            self._waiting.setdefault(self._name(kind, len(counts)), []).append(serialize_json(resource))
        self._flush()

    def told(self) -> list[dict[str, Any]]:
        """The files as a manifest lists them: type, address, and how many lines."""
        return [
            {"type": kind, "url": self.task.address(self._name(kind, number)), "count": count}
            for kind, counts in sorted(self._counts.items())
            for number, count in enumerate(counts, 1)
        ]

    def _name(self, kind: str, number: int) -> str:
        return f"{kind}.{number}.ndjson"

    def _flush(self) -> None:
        for name, lines in self._waiting.items():
            with _opened(self.task.files / name) as file:
                file.write(b"\n".join(lines) + b"\n")
        self._waiting.clear()


def _opened(path: Path) -> Any:
    """A file to write at the end of, which nobody else on the machine can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OURS_ALONE), "ab")


def _preferred(request: FhirRequest) -> str:
    return repr(request.header("prefer")[:80]) if request.header("prefer") else "none"
