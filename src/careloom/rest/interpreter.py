"""How threads share the interpreter while a large request is in progress.

Two things that are well enough otherwise hold small requests up then.

- A thread that computes hands the interpreter over after a short interval (`careloom.model.interpreter`).
- The garbage collector looks through all that is new. A large request makes millions of objects and gives none of them
  up before it is done, so a look takes most of a second, in which nobody else gets on, and finds nothing. So it is put
  off; but where one large request follows another it looks now and then, since others leave something to be found.
"""

import asyncio
import time
from contextlib import ExitStack
from threading import Lock
from typing import Final

from careloom.model.collector import paused
from careloom.model.interpreter import shared
from careloom.model.records import dataclass

LONGEST: Final = 30.0
"""Seconds after which nobody more puts the collector off together with those who do already."""


@dataclass(slots=True)
class _Interpreter:
    """What large requests in progress have changed of it; there is one in a process.

    Attributes:
        unseen: How many of them have put the collector off.
        unseen_since: When the first of these did, by `time.monotonic`.
    """

    unseen: int = 0
    unseen_since: float = 0.0

    def share(self) -> ExitStack:
        """Share it with others until what is returned is closed."""
        kept = ExitStack()
        kept.enter_context(shared())
        now = time.monotonic()
        if self.unseen == 0:
            self.unseen_since = now
        if now - self.unseen_since <= LONGEST:
            self.unseen += 1
            kept.callback(self._see)
            kept.enter_context(paused())
        return kept

    def _see(self) -> None:
        self.unseen -= 1


_interpreter = _Interpreter()
_lock = Lock()


def share_until_done() -> None:
    """See that others get on beside the task that runs here, until it has ended and let go of what it had in hand."""
    task = asyncio.current_task()
    if task is None:
        return
    with _lock:
        kept = _interpreter.share()

    def end(ended: object) -> None:
        with _lock:
            kept.close()

    task.add_done_callback(end)
