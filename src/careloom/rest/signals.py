"""``POST _signals``: word that something happened elsewhere, on record before it is answered.

A publisher needs the right to create what its signals become. Each signal is held to what the locality asks of that
type, and all of a batch are written in the commit that writes their audit record, or none.

Source: CloudEvents 1.0.2, HTTP protocol binding.
"""

from collections.abc import Sequence
from functools import partial

from careloom.model.errors import NotSupportedError
from careloom.model.issues import Issue, operation_outcome
from careloom.rest.access import judge_right, permitted
from careloom.rest.admission import require_conformance
from careloom.rest.errors import UnsupportedMediaError
from careloom.rest.hub import Hub
from careloom.rest.inflow import Brought
from careloom.rest.interaction import Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.threads import in_thread
from careloom.store import Turn, Version


async def signals(request: FhirRequest, hub: Hub) -> Work:
    """Take CloudEvents: structured, in a batch, or binary.

    Raises:
        UnsupportedMediaError: Another media type.
        MalformedError: No JSON.
        InvalidError: One of them is no good.
        ForbiddenError: The publisher may not.
        ConflictError: The name of one is that of another signal.
    """
    if hub.inflow is None:
        raise NotSupportedError("this hub takes no signals")
    assert request.grant is not None
    try:
        brought = hub.inflow.signals(request.grant.client, request.headers, request.data)
    except NotSupportedError as error:  # which alone says so of the media type
        raise UnsupportedMediaError(str(error)) from error
    for type in brought.types:
        permitted(judge_right("create", type, request, hub))
    await in_thread(_require_conformance, brought.resources, hub)
    return partial(_record, brought=brought)


def _require_conformance(resources: Sequence[dict[str, object]], hub: Hub) -> None:
    for resource in resources:
        require_conformance(resource, hub)


def _record(turn: Turn, brought: Brought) -> FhirResponse:
    """Write them, and say how many were new."""
    written: tuple[Version, ...] = tuple(brought.write(turn))
    told = f"signals on record: {len(brought.resources)}, of which new: {len(written)}"
    return FhirResponse(200, operation_outcome([Issue("information", "informational", told)]), versions=written)
