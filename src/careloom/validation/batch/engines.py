"""Engines: the same function over the same tasks, here, in processes of this machine, or on a Ray cluster.

Results come in the order of the tasks. Only a few packs of tasks are under way at a time, so that memory does not
grow with the input.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import Literal

from careloom.model.errors import InvalidError
from careloom.validation.batch.judge import Judge
from careloom.validation.batch.judgement import Batch
from careloom.validation.batch.packs import packed
from careloom.validation.batch.question import Question
from careloom.validation.batch.tasks import Task

Engine = Literal["local", "ray"]


def judged(
    tasks: Iterable[Task], question: Question, *, jobs: int = 1, engine: Engine = "local", judge: Judge | None = None
) -> Generator[Batch]:
    """What is to be said of each task, in order, with lines counted from the beginning of each source.

    Args:
        tasks: Read as far as the judging has got.
        question: By what to judge.
        jobs: Processes.
        engine: Where they run.
        judge: One that is at hand already, for a single local process.

    Raises:
        CareloomError: The question cannot be asked, or an input cannot be had.
        UnavailableError: A process came to an unforeseen end.
        NotSupportedError: Ray is asked for and not installed.
    """
    if jobs < 1:
        raise InvalidError(f"--jobs: a number of processes from 1 expected, {jobs} found")
    starts: deque[bool] = deque()
    noted = _noting_starts(tasks, starts)
    batches: Iterable[Batch]
    if engine == "ray":
        from careloom.validation.batch.on_ray import judged_on_ray  # noqa: PLC0415  (an extra)

        batches = judged_on_ray(packed(noted), question, jobs)
    elif jobs > 1:
        from careloom.validation.batch.workers import judged_by_workers  # noqa: PLC0415  (few runs need it)

        batches = judged_by_workers(packed(noted), question, jobs)
    else:
        batches = map((judge or Judge(question)).judge, noted)
    return _with_lines_of_source(batches, starts)


def _noting_starts(tasks: Iterable[Task], starts: deque[bool]) -> Iterator[Task]:
    for task in tasks:
        starts.append(task.is_first)
        yield task


def _with_lines_of_source(batches: Iterable[Batch], starts: deque[bool]) -> Generator[Batch]:
    """Lines of a task turned into lines of its source."""
    lines = 0
    for batch in batches:
        if starts.popleft():
            lines = 0
        yield batch.moved(lines)
        lines += batch.lines
