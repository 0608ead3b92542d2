"""A request that is answered later: what is known of it, and what the work on it may say and write.

Where they are kept and worked on stands in `careloom.rest.jobs`.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from careloom.model.records import dataclass, field

SILENCE: Final = timedelta(seconds=30)
"""After so long without one a job was cut off."""

KEPT: Final = timedelta(hours=24)
"""How long an answer can be fetched."""


@dataclass(frozen=True, slots=True)
class Job:
    """One request that is answered later.

    Attributes:
        id: Names it in its address.
        client: Whose it is.
        url: What was asked for, the whole address.
        code: The interaction or operation, ``search-type``, ``$export``.
        started: When it was taken on.
        seen: Last sign of life.
        progress: How far it is, for people.
        is_done: Whether the answer is there.
        is_bulk: Whether the answer is told as it is, and not as an entry of a Bundle.
        purpose: Purpose of use for which it was asked.
        types: Types that its answer and its files tell of, out of those that its client might see when it asked.
    """

    id: str
    client: str
    url: str
    code: str
    started: datetime
    seen: datetime
    progress: str = ""
    is_done: bool = False
    is_bulk: bool = False
    purpose: str = ""
    types: tuple[str, ...] = ()

    @property
    def expires(self) -> datetime:
        """Until when its answer is kept."""
        return self.started + KEPT

    def was_cut_off(self, now: datetime) -> bool:
        """Whether the process that ran it is gone."""
        return not self.is_done and now - self.seen > SILENCE


@dataclass(slots=True)
class Task:
    """What the work of a job may say and write.

    Attributes:
        job: As it was taken on.
        files: Folder for files that the client is to fetch; they are gone with the job.
        base_url: Address of the FHIR base.
        progress: How far it is.
        types: Types that the answer and the files tell of.
    """

    job: Job
    files: Path
    base_url: str
    progress: str = ""
    types: set[str] = field(default_factory=set)

    def tell(self, progress: str) -> None:
        """Say how far the work is: ``12 of 40 types``; no patient data, anybody may look over a shoulder."""
        self.progress = progress

    def address(self, name: str) -> str:
        """Where a client fetches a file that the work writes in ``files``."""
        return f"{job_address(self.base_url, self.job.id)}/{name}"


def job_address(base_url: str, id: str) -> str:
    """Where a job is asked after."""
    return f"{base_url}/_jobs/{id}"
