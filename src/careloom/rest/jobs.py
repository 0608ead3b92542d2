"""Requests that are answered later: ``Prefer: respond-async``.

The client gets 202 and the address of a job, asks there how far it is, and finds its answer there when it is done.

Each job is a folder that every process of the hub can see: ``job.json`` says what it is and how far, ``answer.json``
is what was answered, ``files`` holds what the work has written, such as NDJSON of an export. Any process can therefore
tell of a job that another one runs, and an answer outlives the process that gave it.

Work itself does not: it runs in one process and is lost with it. That process writes to ``job.json`` every few
seconds; a job that is not done and has not been written to for a while was cut off, and is told as such. What it had
committed stays committed, as after any request whose answer was lost.

A job belongs to the client that started it. To others it reads as if it had never been. What it has found is told to
that client as long as it might ask for it again: for the same purpose, and with the right to see each type that the
answer or the files tell of (`careloom.rest.deferred`).

Source: FHIR R4, 3.1.7 asynchronous request patterns; for the Bundle that tells the answer of an ordinary request,
FHIR R5, 3.2.6.1.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from careloom.model.errors import NotFoundError, UnavailableError
from careloom.model.instants import Clock, instant
from careloom.model.json import parse_json, serialize_json
from careloom.model.records import dataclass, field, replace
from careloom.rest.errors import ThrottledError
from careloom.rest.job import Job, Task
from careloom.rest.messages import FhirResponse

BEAT: Final = 2.0
"""Seconds between two signs of life."""

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")

log = structlog.get_logger(__name__)

Work = Callable[[Task], Awaitable[FhirResponse]]


@dataclass(slots=True, eq=False)
class Jobs:
    """The jobs of a hub.

    Args:
        root: Folder that every process of the hub sees.
        clock: Present instant.
        new_id: Makes ids that nobody guesses.
        most: Jobs that this process works on at a time.
    """

    root: Path
    clock: Clock
    new_id: Callable[[], str]
    most: int = 8
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, job: Job, work: Work, base_url: str) -> None:
        """Take a job on, and work on it from now.

        Raises:
            ThrottledError: As many as this process takes are in progress.
            UnavailableError: The folder cannot be written.
        """
        if len(self._running) >= self.most:
            raise ThrottledError(f"{self.most} jobs are in progress, which is as many as are taken at a time")
        task = Task(job, self._made(job), base_url)
        self._running[job.id] = asyncio.create_task(self._run(task, work))

    def _made(self, job: Job) -> Path:
        """The folder of a new job's files, and what is no longer kept removed."""
        files = self._folder(job.id) / "files"
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # answers are records of patients
            self._sweep()
            files.mkdir(parents=True)
            self._save(job)
        except OSError as error:
            raise UnavailableError(f"the folder for answers cannot be written: {error.strerror}") from error
        return files

    def new(self, *, client: str, url: str, code: str, purpose: str = "", is_bulk: bool = False) -> Job:
        """A job that has not begun."""
        now = self.clock()
        return Job(self.new_id(), client, url, code, now, now, is_bulk=is_bulk, purpose=purpose)

    def find(self, id: str, client: str) -> Job:
        """A job of a client.

        Raises:
            NotFoundError: There is none by this id that is the client's.
        """
        job = self._load(id) if _ID.fullmatch(id) else None
        if job is None or job.client != client:
            raise NotFoundError(f"no job {id!r}: it was never there, was cancelled, or its answer is no longer kept")
        return job

    def answer(self, job: Job) -> FhirResponse:
        """What a job that is done has answered."""
        told = parse_json((self._folder(job.id) / "answer.json").read_bytes())
        return FhirResponse(told["status"], told["resource"], told["headers"], json=told["json"])

    def file(self, job: Job, name: str) -> Path:
        """A file that the work of a job has written, once that is done and has named it.

        Raises:
            NotFoundError: There is none by that name, or not yet.
        """
        path = self._folder(job.id) / "files" / name
        if not job.is_done or not _FILE.fullmatch(name) or not path.is_file():
            raise NotFoundError(f"job {job.id} has no file {name!r}")
        return path

    def cancel(self, job: Job) -> None:
        """Stop the work, where it is still going on, and forget job, answer and files."""
        if running := self._running.get(job.id):
            running.cancel()
        shutil.rmtree(self._folder(job.id), ignore_errors=True)  # another process that runs it sees this at its beat

    def forget_all(self) -> int:
        """Forget every job of every client, done or not, and give how many there were.

        Answers and files may hold what has been erased from the record, and cannot be searched for it.
        """
        jobs = [job for folder in self._folders() if (job := self._load(folder.name))]
        for job in jobs:
            self.cancel(job)
        return len(jobs)

    async def close(self) -> None:
        """Stop all work of this process; what is not done is told as cut off."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, task: Task, work: Work) -> None:
        beating = asyncio.create_task(self._beat(task, asyncio.current_task()))
        try:
            response = await work(task)
            self._keep(task, response)
        except Exception as error:
            log.error("job failed", job=task.job.id, error=type(error).__name__)
        finally:
            beating.cancel()
            del self._running[task.job.id]

    async def _beat(self, task: Task, worker: "asyncio.Task[None] | None") -> None:
        while True:
            await asyncio.sleep(BEAT)
            if self._load(task.job.id) is None and worker:
                worker.cancel()
                return
            self._save(replace(task.job, seen=self.clock(), progress=task.progress))

    def _keep(self, task: Task, response: FhirResponse) -> None:
        folder = self._folder(task.job.id)
        if not folder.is_dir():
            return  # cancelled by another process a moment ago
        told = {
            "status": response.status,
            "headers": dict(response.headers),
            "resource": response.resource,
            "json": response.json,
        }
        _replace(folder / "answer.json", told)
        types = tuple(sorted(task.types))
        self._save(replace(task.job, seen=self.clock(), progress=task.progress, is_done=True, types=types))

    def _save(self, job: Job) -> None:
        told = {name: getattr(job, name) for name in Job.__slots__}
        times = {"started": instant(job.started), "seen": instant(job.seen)}
        with suppress(FileNotFoundError):  # cancelled by another process a moment ago
            _replace(self._folder(job.id) / "job.json", told | times)

    def _load(self, id: str) -> Job | None:
        try:
            told = parse_json((self._folder(id) / "job.json").read_bytes())
        except FileNotFoundError:
            return None
        times = {name: datetime.fromisoformat(told[name]) for name in ("started", "seen")}
        job = Job(**told | times | {"types": tuple(told.get("types", ()))})
        return None if job.expires <= self.clock() else job

    def _sweep(self) -> None:
        """Remove what is no longer kept."""
        for folder in self._folders():
            if self._load(folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> list[Path]:
        found = self.root.iterdir() if self.root.is_dir() else ()
        return [folder for folder in found if _ID.fullmatch(folder.name)]

    def _folder(self, id: str) -> Path:
        return self.root / id


def _replace(path: Path, value: Any) -> None:
    """Write a file so that a reader sees the one before or this one, and nothing between."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(serialize_json(value))
    Path(file.name).replace(path)
