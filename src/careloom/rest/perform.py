"""Decide, carry out, record: what happens to every request, whether it comes alone or in a batch.

The order is the promise. Nothing is done before the decision permits it. What is written and its audit record are one
commit. What is read, and what is refused, is answered only after its audit record is durable: if it cannot be written,
the answer is 503 and tells nothing else.
"""

import structlog

from careloom.governance import Decision
from careloom.model.errors import CareloomError, UnavailableError
from careloom.rest.access import judge, permitted
from careloom.rest.audit import record
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction, Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.outcomes import breakdown, refusal
from careloom.store import Turn

log = structlog.get_logger(__name__)


async def perform(interaction: Interaction, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Answer one request whose client is known."""
    decision = judge(interaction, request, hub)
    try:
        permitted(decision)
        answer = await interaction.ask(request, hub)
        if not isinstance(answer, FhirResponse):
            return await _commit(answer, request, hub, decision)
    except Exception as error:
        answer = answer_to(error, request)
    return await recorded(request, answer, hub, decision)


async def perform_openly(interaction: Interaction, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Answer one request that anybody may make; what it writes, its audit record among it, is its own doing."""
    try:
        answer = await interaction.ask(request, hub)
        if isinstance(answer, FhirResponse):
            return answer
        return await hub.repository.commit(answer)
    except Exception as error:
        return answer_to(error, request)


def answer_to(error: Exception, request: FhirRequest) -> FhirResponse:
    """What an error is answered with: its outcome where it is one of ours, else that the hub failed."""
    if isinstance(error, CareloomError):
        return refusal(error)
    log.error("breakdown", request_id=request.request_id, interaction=request.code, exc_info=error)
    return breakdown()


async def recorded(
    request: FhirRequest, response: FhirResponse, hub: Hub, decision: Decision | None = None
) -> FhirResponse:
    """The response once its audit record is durable; 503 where it cannot be."""
    try:
        return await hub.repository.commit(lambda turn: record(turn, request, response, hub, decision))
    except Exception as error:
        log.exception("audit record not written", request_id=request.request_id)
        told = UnavailableError("the audit record cannot be written, and what cannot be audited is not done")
        told.__cause__ = error
        return refusal(told)


async def _commit(work: Work, request: FhirRequest, hub: Hub, decision: Decision) -> FhirResponse:
    def audited(turn: Turn) -> FhirResponse:
        return record(turn, request, work(turn), hub, decision)

    return await hub.repository.commit(audited, cause=request.grant.client if request.grant else "")
