"""Plain entries of a transaction: those that say nothing but what is to be written, as most do.

What comes of a plain entry whose resource is new is known beforehand: version 1, status 201, and an answer without a
body. So these are recorded together and each is answered at once, without the request and the response by which
`careloom.rest.create` and `careloom.rest.update` would come to the same. Where there is or was such a resource already,
they do.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from careloom.model.resource import Resource
from careloom.rest.entries import Answer
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.preferences import MINIMAL, preferences
from careloom.store import Prepared, Turn, Version

_CONDITIONS: Final = frozenset({"if-match", "if-none-match", "if-none-exist"})


def is_plain(request: FhirRequest, hub: Hub) -> bool:
    """Whether a create or update has no condition, is of a type that belongs to nobody, and wants no body back."""
    return (
        request.condition is None
        and _CONDITIONS.isdisjoint(request.headers)
        and request.type not in hub.owned
        and preferences(request).returns == MINIMAL
    )


def enter(turn: Turn, resources: Iterable[Prepared], hub: Hub, *, are_new: bool) -> Iterator[Answer | None]:
    """Record the resources of plain entries that are new, and give the answer to each; None for the others.

    Args:
        turn: In which they are recorded.
        resources: In the order in which they are recorded.
        hub: For its address.
        are_new: Whether their ids were made for them.
    """
    for version in turn.enter(resources, are_new=are_new):
        yield (_element(version, hub.base_url), (version,)) if version else None


def _element(version: Version, base_url: str) -> Resource:
    """The entry that answers one, as `careloom.rest.entries.answer_element` makes it of a response."""
    assert version.resource is not None
    told = {
        "status": "201 Created",
        "location": f"{base_url}/{version.type}/{version.id}/_history/{version.version_id}",
        "etag": f'W/"{version.version_id}"',
        "lastModified": version.resource["meta"]["lastUpdated"],
    }
    return {"response": told}
