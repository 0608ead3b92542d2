"""Engines: the same function over the same tasks, here, in processes of this machine, or on a Ray cluster.

Results come in the order of the tasks. Only a few packs of tasks are under way at a time, so that memory does not
grow with the input.
"""

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
    """What is to be said of each task, in order.

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
    if engine == "ray":
        from careloom.validation.batch.on_ray import judged_on_ray  # noqa: PLC0415  (an extra)

        yield from judged_on_ray(packed(tasks), question, jobs)
    elif jobs > 1:
        from careloom.validation.batch.workers import judged_by_workers  # noqa: PLC0415  (few runs need it)

        yield from judged_by_workers(packed(tasks), question, jobs)
    else:
        yield from _judged_here(tasks, judge or Judge(question))


def _judged_here(tasks: Iterable[Task], judge: Judge) -> Iterator[Batch]:
    yield from map(judge.judge, tasks)
    judge.keep()
