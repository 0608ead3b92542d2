"""Packs: small tasks put together to be sent as one, and the function that every engine runs on them."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from careloom.validation.batch.judge import Judge
from careloom.validation.batch.judgement import Batch
from careloom.validation.batch.question import Question
from careloom.validation.batch.tasks import Task

Pack = tuple[Task, ...]
T = TypeVar("T")

TASKS_IN_PACK = 64
BYTES_IN_PACK = 1 << 18


def packed(tasks: Iterable[Task]) -> Iterator[Pack]:
    """Neighbouring tasks put together until they are worth sending."""
    pack: list[Task] = []
    for task in tasks:
        pack.append(task)
        if len(pack) == TASKS_IN_PACK or sum(each.size for each in pack) >= BYTES_IN_PACK:
            yield tuple(pack)
            pack = []
    if pack:
        yield tuple(pack)


def judge_pack(pack: Pack, question: Question, then: Callable[[Batch], T]) -> tuple[T, ...]:
    """What is to be said of each task, and what is made of that; the judge is made once in each process.

    Raises:
        CareloomError: The question cannot be asked, or an input cannot be had.
    """
    judge = judge_for(question)
    return tuple(then(judge.judge(task)) for task in pack)


@lru_cache(maxsize=1)
def judge_for(question: Question) -> Judge:
    """The judge of this process.

    Raises:
        CareloomError: The question cannot be asked.
    """
    return Judge(question)
