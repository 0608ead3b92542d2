"""Decide, carry out, record: what happens to every request, whether it comes alone or in a batch.

The order is the promise. Nothing is done before the decision permits it. What is written and its audit record are one
commit. What is read, and what is refused, is answered only after its audit record is durable: if it cannot be written,
the answer is 503 and tells nothing else.
"""

import math
import time
from traceback import extract_tb

import structlog

from careloom.governance import Decision
from careloom.model.errors import CareloomError, MalformedError, UnavailableError
from careloom.rest.access import judge, permitted
from careloom.rest.at_hand import is_small
from careloom.rest.audit import audit_records, named, record
from careloom.rest.deadline import DeadlineError, within
from careloom.rest.errors import TimeUpError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Answer, Interaction, Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.outcomes import breakdown, refusal
from careloom.rest.strangers import folded
from careloom.store import Turn

log = structlog.get_logger(__name__)


async def perform(interaction: Interaction, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Answer one request whose client is known."""
    decision = judge(interaction, request, hub)
    try:
        permitted(decision)
        _require_later(interaction, request)
        answer = await _in_time(interaction, request, hub)
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
    log.error("breakdown", request_id=request.request_id, interaction=request.code, **trace(error))
    return breakdown()


def trace(error: BaseException) -> dict[str, object]:
    """What a log may hold of an error: its kind and where it came from.

    Not its message: that may quote what a client has sent.
    """
    frames = extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "frames": [f"{each.filename}:{each.lineno} {each.name}" for each in frames]}


async def recorded(
    request: FhirRequest, response: FhirResponse, hub: Hub, decision: Decision | None = None
) -> FhirResponse:
    """The response once its audit record is durable, 503 where it cannot be; a stranger's refusals share a record."""
    if request.grant is None and (headers := folded(request.address, response.status, hub)):
        return response.with_headers(headers)
    try:
        forms = audit_records(request, response, hub, decision)
        await hub.ledger.record([hub.repository.prepare(form) for form in forms])
        return named(response, forms[0])
    except Exception as error:
        log.error("audit record not written", request_id=request.request_id, **trace(error))
        told = UnavailableError("the audit record cannot be written, and what cannot be audited is not done")
        told.__cause__ = error
        return refusal(told)


def _require_later(interaction: Interaction, request: FhirRequest) -> None:
    """See that what takes long by its nature is answered later.

    Raises:
        MalformedError: The client waits for it.
    """
    if interaction.operation and interaction.operation.is_bulk and request.task is None:
        raise MalformedError(f"{interaction.code} is answered later: Prefer: respond-async expected")


async def _in_time(interaction: Interaction, request: FhirRequest, hub: Hub) -> Answer:
    """What the interaction answers, unless it takes longer than the request may.

    A batch is not given up as a whole: each of its entries is, with an answer of its own.

    Raises:
        TimeUpError: It does.
    """
    if request.deadline == math.inf or request.is_batch:
        return await interaction.ask(request, hub)
    try:
        return await within(interaction.ask(request, hub), request.deadline)
    except DeadlineError as error:
        raise _time_is_up(hub) from error


async def _commit(work: Work, request: FhirRequest, hub: Hub, decision: Decision) -> FhirResponse:
    """Have the work done in its turn; once that has begun it is waited for, since its outcome must be known."""

    def audited(turn: Turn) -> FhirResponse:
        if time.monotonic() > request.deadline:
            raise _time_is_up(hub)
        return record(turn, request, work(turn), hub, decision)

    cause = request.grant.client if request.grant else ""
    is_light = is_small(request) or (request.body is None and request.task is None)
    return await hub.repository.commit(audited, cause=cause, size=_versions_at_most(request), is_light=is_light)


def _versions_at_most(request: FhirRequest) -> int:
    """How many versions a request will write, its audit records among them, of which each patient may have one."""
    entries = (request.body or {}).get("entry") if request.code == "transaction" else None
    return 2 * len(entries) if isinstance(entries, list) else 0


def _time_is_up(hub: Hub) -> TimeUpError:
    return TimeUpError(f"given up after {hub.limits.seconds} seconds, and nothing is written")
