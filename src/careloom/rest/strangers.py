"""Refusals of strangers, who have not proven who they are: the first are recorded one by one, the rest together.

`careloom.governance.audit.refusals` says why, and how they are counted. What a known client does is recorded each time,
whatever comes of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from careloom.governance import AuditSource, folded_event
from careloom.model.errors import ConflictError
from careloom.model.resource import Resource
from careloom.rest.audit import HEADER
from careloom.rest.hub import Hub

LOOK_EVERY: Final = 5.0
"""Seconds between two looks for what is to be recorded."""

_REFUSED: Final = range(400, 500)

log = structlog.get_logger(__name__)


def folded(address: str, status: int, hub: Hub) -> dict[str, str] | None:
    """Take note that a stranger was refused.

    Args:
        address: Network address of who it was.
        status: Of the answer; one that is no refusal is not folded.
        hub: The hub of the request.

    Returns:
        The header that names the record which will tell of it together with others; None where it is to be recorded by
        itself.
    """
    if status not in _REFUSED:
        return None
    id = hub.refusals.fold(address, status, hub.clock(), hub.new_id, hub.folding)
    if not id:
        return None
    hub.metrics.fold()
    return {HEADER: f"AuditEvent/{id}"}


@asynccontextmanager
async def recording(hub: Callable[[], Hub]) -> AsyncIterator[None]:
    """Record what is counted when it is due, for as long as the context lasts, and at its end what is left.

    Args:
        hub: Gives the hub of the moment.
    """
    stopping = asyncio.Event()
    task = asyncio.create_task(_record_until(stopping, hub))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _record_until(stopping: asyncio.Event, hub: Callable[[], Hub]) -> None:
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_EVERY)
        await record_folded(hub(), is_last=stopping.is_set())


async def record_folded(hub: Hub, *, is_last: bool = False) -> None:
    """Record what is due, or all that is left; what cannot be recorded is due again at the next look."""
    now = hub.clock()
    due = hub.refusals.rest() if is_last else hub.refusals.due(now, hub.folding)
    if not due:
        return
    source = AuditSource(hub.base_url, hub.site)
    events = [folded_event(each, source=source, registry=hub.registry, recorded=now) for each in due]
    try:
        await asyncio.gather(*(_record(event, hub) for event in events))
    except Exception as error:
        number = sum(each.number for each in due)
        log.error("refusals not recorded", refusals=number, is_lost=is_last, error=type(error).__name__)
    else:
        hub.refusals.written()


async def _record(event: Resource, hub: Hub) -> None:
    with suppress(ConflictError):  # recorded by a commit of which it could not be known that it was made
        await hub.ledger.record([hub.repository.prepare(event, id=event["id"])])
