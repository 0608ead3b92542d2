"""Processes of this machine, each with a pipe of its own.

Packs go round the workers in turn, and answers are taken in the same turn, so that they are in order. A worker always
has one pack to judge and one waiting. It reads its pipe in a thread, so that it never keeps the sender waiting while
it is itself waiting to be read. Since no two workers share a pipe or a lock, one can be ended at any moment without
harm to anyone. Workers are spawned rather than forked: nothing of the parent's threads is carried over.
"""

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from careloom.model.errors import CareloomError, UnavailableError
from careloom.validation.batch.judgement import Batch
from careloom.validation.batch.packs import Batches, Pack, judge_pack
from careloom.validation.batch.question import Question

PACKS_EACH = 2
"""Packs that a worker has: one at hand and one waiting."""


def judged_by_workers(packs: Iterable[Pack], question: Question, jobs: int) -> Iterator[Batch]:
    """What is to be said of each task of each pack, in order.

    Raises:
        CareloomError: The question cannot be asked, or an input cannot be had.
        UnavailableError: A worker came to an unforeseen end.
    """
    workers = [_Worker(question) for _ in range(jobs)]
    under_way: deque[_Worker] = deque()
    try:
        for number, pack in enumerate(packs):
            if len(under_way) == jobs * PACKS_EACH:
                yield from under_way.popleft().receive()
            worker = workers[number % jobs]
            worker.send(pack)
            under_way.append(worker)
        while under_way:
            yield from under_way.popleft().receive()
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """The parent's end of a worker."""

    def __init__(self, question: Question) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, question), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, pack: Pack) -> None:
        """Give a pack to judge."""
        try:
            self._pipe.send(pack)
        except OSError as error:
            raise _lost() from error

    def receive(self) -> Batches:
        """The answer to the first pack that is not answered yet."""
        try:
            answer: Batches | CareloomError = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise _lost() from error
        if isinstance(answer, CareloomError):
            raise answer
        return answer

    def end(self) -> None:
        """End it, in the middle of its work if need be."""
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _lost() -> UnavailableError:
    return UnavailableError("a judging process came to an unforeseen end; was memory short?")


def _serve(pipe: Connection, question: Question) -> None:
    """The life of a worker; an interrupt is the parent's to handle, and so is the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    packs: SimpleQueue[Pack | None] = SimpleQueue()
    Thread(target=_read, args=(pipe, packs), daemon=True).start()
    while (pack := packs.get()) is not None:
        try:
            pipe.send(_answer(pack, question))
        except OSError:  # the parent is gone, and nobody is left to tell
            return


def _answer(pack: Pack, question: Question) -> Batches | CareloomError:
    try:
        return judge_pack(pack, question)
    except CareloomError as error:
        return error


def _read(pipe: Connection, packs: "SimpleQueue[Pack | None]") -> None:
    try:
        while True:
            packs.put(pipe.recv())
    except (EOFError, OSError):
        packs.put(None)
