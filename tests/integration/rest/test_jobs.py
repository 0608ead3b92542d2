"""Jobs as files: what any process of a hub can tell of them, and what becomes of those that were cut off."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.patience import becomes

from careloom.model.errors import NotFoundError, UnavailableError
from careloom.rest.errors import ThrottledError
from careloom.rest.job import KEPT, SILENCE, Job, Task
from careloom.rest.jobs import Jobs
from careloom.rest.messages import FhirResponse

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Bench:
    """A folder of jobs, with as many processes as a test needs and a clock it can turn."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self._count = 0

    def process(self, most: int = 8) -> Jobs:
        return Jobs(self.root, lambda: self.now, self._new_id, most)

    def _new_id(self) -> str:
        self._count += 1
        return f"job-{self._count}"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "jobs")


def _start(jobs: Jobs, work: Callable[[Task], Awaitable[FhirResponse]]) -> Job:
    job = jobs.new(client="epr", url="http://hub.example/fhir/Patient", code="search-type")
    jobs.start(job, work, "http://hub.example/fhir")
    return job


async def _done(jobs: Jobs, job: Job) -> Job:
    await becomes(lambda: jobs.find(job.id, "epr").is_done)
    return jobs.find(job.id, "epr")


async def _at_once(task: Task) -> FhirResponse:
    (task.files / "out.ndjson").write_text("{}\n")
    return FhirResponse(200, {"resourceType": "Bundle"}, {"ETag": "x"})


async def _for_ever(task: Task) -> FhirResponse:
    task.tell("1 of 2")
    await asyncio.sleep(60)
    raise AssertionError("it went on")


async def test_answer_and_files_can_be_had_from_another_process(bench: Bench) -> None:
    job = _start(bench.process(), _at_once)
    other = bench.process()
    done = await _done(other, job)
    assert other.answer(done) == FhirResponse(200, {"resourceType": "Bundle"}, {"ETag": "x"})
    assert other.file(done, "out.ndjson").read_text() == "{}\n"


@pytest.mark.parametrize("name", ["../job.json", "none.ndjson", "", ".hidden", "a/b"])
async def test_only_files_of_the_work_are_given_out(name: str, bench: Bench) -> None:
    jobs = bench.process()
    done = await _done(jobs, _start(jobs, _at_once))
    with pytest.raises(NotFoundError):
        jobs.file(done, name)


@pytest.mark.parametrize("id", ["job-1/..", "..", "", "job-9"])
async def test_job_is_its_clients_own(id: str, bench: Bench) -> None:
    jobs = bench.process()
    job = _start(jobs, _at_once)
    with pytest.raises(NotFoundError):
        jobs.find(job.id, "somebody-else")
    with pytest.raises(NotFoundError):
        jobs.find(id, "epr")


async def test_cancelled_job_stops_and_is_forgotten(bench: Bench) -> None:
    jobs = bench.process()
    job = _start(jobs, _for_ever)
    await asyncio.sleep(0)
    jobs.cancel(job)
    with pytest.raises(NotFoundError):
        jobs.find(job.id, "epr")
    await jobs.close()
    assert list(bench.root.iterdir()) == []


async def test_job_cancelled_in_another_process_stops_at_its_next_sign_of_life(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careloom.rest.jobs.BEAT", 0.02)
    jobs = bench.process()
    job = _start(jobs, _for_ever)
    bench.process().cancel(job)
    await becomes(lambda: (jobs._running, list(bench.root.iterdir())) == ({}, []))


async def test_progress_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careloom.rest.jobs.BEAT", 0.02)
    jobs = bench.process()
    job = _start(jobs, _for_ever)
    await becomes(lambda: bool(bench.process().find(job.id, "epr").progress))
    assert bench.process().find(job.id, "epr").progress == "1 of 2"
    await jobs.close()


async def test_job_whose_process_is_gone_was_cut_off(bench: Bench) -> None:
    jobs = bench.process()
    job = _start(jobs, _for_ever)
    await jobs.close()
    assert not jobs.find(job.id, "epr").was_cut_off(bench.now)
    bench.now += SILENCE + timedelta(seconds=1)
    assert jobs.find(job.id, "epr").was_cut_off(bench.now)


async def test_answer_is_kept_for_its_time_and_no_longer(bench: Bench) -> None:
    jobs = bench.process()
    job = await _done(jobs, _start(jobs, _at_once))
    bench.now += KEPT
    with pytest.raises(NotFoundError):
        jobs.find(job.id, "epr")
    _start(jobs, _at_once)
    assert [path.name for path in bench.root.iterdir()] == ["job-2"]
    await jobs.close()


async def test_no_more_jobs_than_are_taken_at_a_time(bench: Bench) -> None:
    jobs = bench.process(most=1)
    _start(jobs, _for_ever)
    with pytest.raises(ThrottledError):
        _start(jobs, _for_ever)
    await jobs.close()


async def test_what_is_written_is_never_seen_half(bench: Bench) -> None:
    jobs = bench.process()
    job = await _done(jobs, _start(jobs, _at_once))
    names = sorted(path.name for path in (bench.root / job.id).iterdir())
    assert names == ["answer.json", "files", "job.json"]
    assert json.loads((bench.root / job.id / "job.json").read_text())["is_done"] is True


async def test_all_jobs_can_be_forgotten_at_once(bench: Bench) -> None:
    jobs = bench.process()
    await _done(jobs, _start(jobs, _at_once))
    _start(jobs, _for_ever)
    assert jobs.forget_all() == 2
    await jobs.close()
    assert list(bench.root.iterdir()) == []


async def test_job_is_not_taken_on_where_its_answer_could_not_be_kept(bench: Bench) -> None:
    bench.root.write_text("a file is in the way")
    with pytest.raises(UnavailableError, match="cannot be written"):
        _start(bench.process(), _at_once)


async def test_answers_are_for_the_hub_alone_to_read(bench: Bench) -> None:
    jobs = bench.process()
    job = await _done(jobs, _start(jobs, _at_once))
    assert bench.root.stat().st_mode & 0o077 == 0
    assert (bench.root / job.id / "answer.json").stat().st_mode & 0o077 == 0
