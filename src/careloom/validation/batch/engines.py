"""Engines: the same function over the same tasks, here, in processes of this machine, or on a Ray cluster.

Results come in the order of the tasks. Only a few packs of tasks are under way at a time, so that memory does not
grow with the input.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Literal, TypeVar

from careloom.model.errors import InvalidError
from careloom.validation.batch.judge import Judge
from careloom.validation.batch.judgement import Batch
from careloom.validation.batch.packs import packed
from careloom.validation.batch.question import Question
from careloom.validation.batch.tasks import Task

Engine = Literal["local", "ray"]
T = TypeVar("T")


def judged(
    tasks: Iterable[Task],
    question: Question,
    then: Callable[[Batch], T],
    *,
    jobs: int = 1,
    engine: Engine = "local",
    judge: Judge | None = None,
) -> Generator[T]:
    """What is to be said of each task, in order.

    Args:
        tasks: Read as far as the judging has got.
        question: By what to judge.
        then: What is made of each answer in the process that found it, so that little has to travel; it travels there.
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

        yield from judged_on_ray(packed(tasks), question, then, jobs)
    elif jobs > 1:
        from careloom.validation.batch.workers import judged_by_workers  # noqa: PLC0415  (few runs need it)

        yield from judged_by_workers(packed(tasks), question, then, jobs)
    else:
        yield from _judged_here(tasks, judge or Judge(question), then)


def _judged_here(tasks: Iterable[Task], judge: Judge, then: Callable[[Batch], T]) -> Iterator[T]:
    for task in tasks:
        yield then(judge.judge(task))
    judge.keep()
