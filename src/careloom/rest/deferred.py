"""respond-async: how a request becomes a job, and how a job is asked after, fetched from and cancelled.

An answer is kept for a day, and agreements end. So it is told, and a file given out, only to who might still ask for
it: a token of the same client and purpose, with the right to read or search each type that is told of. What the client
wrote itself, of a type that it might not see when it asked, it is told in any case.
"""

import math
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from careloom.governance import visible_types
from careloom.model.errors import ForbiddenError, NotFoundError
from careloom.model.issues import Issue, operation_outcome
from careloom.model.records import replace
from careloom.model.room import ROOM
from careloom.rest.access import LOOKS, require, require_sight
from careloom.rest.entries import answer_bundle
from careloom.rest.errors import CutOffError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.interpreter import share_until_done
from careloom.rest.job import Job, Task, job_address
from careloom.rest.jobs import Jobs
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.perform import perform, recorded
from careloom.rest.preferences import preferences
from careloom.rest.told import types_told

_SOON: Final = "1"
_LATER: Final = "10"
_MEDIA: Final = {".ndjson": "application/fhir+ndjson", ".json": "application/fhir+json"}


def is_deferred(interaction: Interaction, request: FhirRequest, hub: Hub) -> bool:
    """Whether a request is to be answered later: the client prefers it, and there is a place for jobs.

    What only asks after jobs, and what is open to anybody, is always answered at once.
    """
    is_about_jobs = interaction.path.startswith("_jobs/")
    return hub.jobs is not None and preferences(request).is_async and not interaction.is_open and not is_about_jobs


async def defer(interaction: Interaction, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Take a request on as a job: 202 and where to ask after it.

    What the client may not do is refused at once, and what is done later is audited then, like any other request.

    Raises:
        ForbiddenError: The client may not do this.
        ThrottledError: Too many jobs are in progress.
    """
    decision = require(interaction, request, hub)
    assert hub.jobs is not None and request.grant is not None
    if interaction.operation and interaction.operation.check:
        await interaction.operation.check(request, hub)
    is_bulk = interaction.operation is not None and interaction.operation.is_bulk
    url, grant = f"{hub.base_url}/{request.url}", request.grant
    job = hub.jobs.new(client=grant.client, url=url, code=request.code, purpose=grant.purpose, is_bulk=is_bulk)
    seen = [visible_types(grant, right, hub.registry, hub.clock()) for right in LOOKS]

    async def work(task: Task) -> FhirResponse:
        if ROOM.is_for_large:
            share_until_done()  # for the job, too: what the request has taken ends with its 202
        later = replace(request, task=task, deadline=math.inf, takes_raw=False)  # a Bundle holds resources alone
        answer = await perform(interaction, later, hub)
        task.types |= {version.type for version in answer.versions} | types_told(answer.resource)
        task.types &= {type for type in task.types if any(type in types for types in seen)}
        return answer

    told = Issue(
        "information", "informational", f"taken on as job {job.id}; Content-Location says where to ask after it"
    )
    answer = FhirResponse(202, operation_outcome([told]), {"Content-Location": job_address(hub.base_url, job.id)})
    answer = await recorded(request, answer, hub, decision)
    if answer.status == 202:
        hub.jobs.start(job, work, hub.base_url)
    return answer


async def job_status(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET _jobs/id``: 202 while it is in progress, then its answer.

    Raises:
        NotFoundError: No such job of this client.
        ForbiddenError: The client may not see any more what the answer tells, or asks for another purpose.
        CutOffError: It was cut off; 500, since asking for the same job again can never help.
    """
    jobs, job = _jobs(hub), _job(request, hub)
    if job.was_cut_off(hub.clock()):
        raise CutOffError(f"job {job.id} was cut off when its process ended; ask again for what it was about")
    if not job.is_done:
        is_young = (hub.clock() - job.started).total_seconds() < 60
        headers = {"X-Progress": job.progress or "in progress", "Retry-After": _SOON if is_young else _LATER}
        return FhirResponse(202, headers=headers)
    _require_sight(job, request, hub)
    answer, expires = jobs.answer(job), format_datetime(job.expires, usegmt=True)
    if not job.is_bulk:
        answer = answer_bundle("batch-response", [answer])
    return answer.with_headers({"Expires": expires})


async def job_cancel(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``DELETE _jobs/id``: stops the work, forgets its answer and its files.

    Raises:
        NotFoundError: No such job of this client.
    """
    job = _job(request, hub)
    _jobs(hub).cancel(job)
    return FhirResponse(202, operation_outcome([Issue("information", "informational", f"job {job.id} is cancelled")]))


async def job_file(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET _jobs/id/name``: a file that the work has written.

    Raises:
        NotFoundError: No such job of this client, or no such file.
        ForbiddenError: The client may not see any more what the files tell, or asks for another purpose.
    """
    job = _job(request, hub)
    _require_sight(job, request, hub)
    path = _jobs(hub).file(job, request.file)
    return FhirResponse(200, headers={"Content-Type": _media(path)}, file=path)


def _require_sight(job: Job, request: FhirRequest, hub: Hub) -> None:
    """Tell what a job has found only to who might ask for it now.

    Raises:
        ForbiddenError: The token is for another purpose, or may not see a type any more.
    """
    assert request.grant is not None
    if request.grant.purpose != job.purpose:
        told = f"a token for the purpose {job.purpose} expected, with which it was asked for"
        raise ForbiddenError(f"job {job.id}: {told}, found {request.grant.purpose or 'none'}")
    for type in job.types:
        require_sight(type, request, hub)


def _job(request: FhirRequest, hub: Hub) -> Job:
    assert request.grant is not None
    return _jobs(hub).find(request.id, request.grant.client)


def _jobs(hub: Hub) -> Jobs:
    if hub.jobs is None:
        raise NotFoundError("this hub takes no jobs")
    return hub.jobs


def _media(path: Path) -> str:
    return _MEDIA.get(path.suffix, "application/octet-stream")
