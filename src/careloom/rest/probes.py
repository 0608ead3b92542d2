"""What machines ask that run the hub, beside the FHIR base: is it alive, is it ready, what has it counted.

``/health`` says that the process answers. ``/ready`` says that its record answers too, so that a load balancer sends
it requests. Neither tells anything of what is recorded, and neither is audited. ``/metrics`` is for the networks that
a setting names; to others it is not there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from careloom.model.errors import NotFoundError
from careloom.model.json import serialize_json
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirResponse
from careloom.rest.metrics import CONTENT_TYPE
from careloom.rest.negotiation import Format
from careloom.rest.outcomes import refusal
from careloom.rest.perform import trace

PATIENCE: Final = 2.0
"""Seconds that the record has to answer."""

log = structlog.get_logger(__name__)

Probe = Callable[[str, Hub], Awaitable[FhirResponse]]


async def health(address: str, hub: Hub) -> FhirResponse:
    """``GET /health``: 200 as long as the process answers at all."""
    return _told(200, "up")


async def ready(address: str, hub: Hub) -> FhirResponse:
    """``GET /ready``: 200 if the record answers, 503 if it does not."""
    try:
        async with asyncio.timeout(PATIENCE):
            await hub.repository.changes(0, 1)
    except Exception as error:
        log.warning("not ready", **trace(error))
        return _told(503, "the record does not answer")
    return _told(200, "ready")


async def metrics(address: str, hub: Hub) -> FhirResponse:
    """``GET /metrics``: all figures, to those who may see them."""
    if not hub.policy.may_see_metrics(address):
        return nowhere("/metrics", "the address in the hub's settings")
    return FhirResponse(200, headers={"Content-Type": CONTENT_TYPE}, data=hub.metrics.text())


def nowhere(asked: str, base: str) -> FhirResponse:
    """The answer at an address where there is nothing."""
    told = refusal(NotFoundError(f"nothing is offered at {asked!r}; FHIR is at {base}"))
    headers = {"Content-Type": Format().content_type}
    return FhirResponse(told.status, told.resource, headers, data=serialize_json(told.resource))


def _told(status: int, word: str) -> FhirResponse:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return FhirResponse(status, headers=headers, data=serialize_json({"status": word}))


PROBES: Final[Mapping[str, Probe]] = {"/health": health, "/ready": ready, "/metrics": metrics}
