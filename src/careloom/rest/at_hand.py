"""Small writes are made ready on the event loop, all others on a worker thread.

Going to a worker thread and back is a good part of what a small write costs, and where threads are busy it waits for
the interpreter both ways. But the event loop is everybody's: what is large would hold up all the others there, and so
would the first resource of a kind, for which rules and parameters are still to be compiled.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeVar

from careloom.model.records import dataclass, field
from careloom.model.resource import Resource
from careloom.rest.messages import FhirRequest
from careloom.rest.threads import in_thread

T = TypeVar("T")
Kind = tuple[Any, ...]
"""What resources have in common that one preparation compiles for: type, profiles, and which elements they have."""

SMALL: Final = 8 * 1024
"""Bytes of a body up to which it may be made ready on the event loop: some milliseconds."""

MOST_KINDS: Final = 10_000
"""Kinds that are remembered; with so many, all are forgotten and met anew."""


@dataclass(slots=True)
class AtHand:
    """The kinds of resources that were made ready before."""

    _known: set[Kind] = field(default_factory=set)

    async def make(self, work: Callable[[], T], request: FhirRequest, *, apart: Collection[str] = ()) -> T:
        """Do the work, here if it is small and of a known kind.

        Args:
            work: Makes the request's body ready.
            request: Carries a resource, or a bundle of them.
            apart: Types that always go to a worker thread.
        """
        if not is_small(request) or request.body is None:
            return await in_thread(work)
        kinds = {_kind(each) for each in _resources(request.body)}
        if kinds <= self._known and not any(kind[0] in apart for kind in kinds):
            return work()
        made = await in_thread(work)
        self._learn(kinds)
        return made

    def _learn(self, kinds: set[Kind]) -> None:
        if len(self._known) + len(kinds) > MOST_KINDS:
            self._known.clear()
        self._known |= kinds


def is_small(request: FhirRequest) -> bool:
    """Whether what it carries is known to be little."""
    return 0 < request.size <= SMALL


def _resources(body: Resource) -> Iterator[dict[str, Any]]:
    """The resource, or those in the entries of a bundle; what else stands there is for others to refuse."""
    entries = body.get("entry") if body.get("resourceType") == "Bundle" else None
    if isinstance(entries, list):
        found = (entry.get("resource") for entry in entries if isinstance(entry, dict))
        yield from (each for each in found if isinstance(each, dict))
    else:
        yield body


def _kind(resource: dict[str, Any]) -> Kind:
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return (str(resource.get("resourceType")), str(profiles or ""), *resource)
