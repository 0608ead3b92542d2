"""How threads share the interpreter while large work is in progress.

Things that are well enough otherwise hold small requests up then.

- A thread that computes hands the interpreter over when another has waited for an interval. A small request takes it a
  few dozen times: after each statement of the database, each synchronisation of the disk, each step from thread to
  thread. Beside large work it waits out the interval each time, so this is made short. It is not always short, since
  many small requests are quicker where each gets on for a while.
  Nor is it enough: a thread that waits asks for the interpreter when it has heard of no change for the whole interval.
  Work that lets go of it more often, a moment each time, as each statement of the database does and each body that is
  packed, wakes the other up and is back before him, who then waits out the interval anew: for as long as such work
  goes on, without ever asking. So large work lets go of it for longer now and then (`hand_over`).
- The garbage collector looks through all that is new. Large work makes millions of objects and gives none of them up
  before it is done, so a look takes most of a second, in which nobody else gets on, and finds nothing. So it is put
  off; but where one piece of large work follows another it looks now and then, since others leave something to be
  found.
"""

import sys
import time
from contextlib import ExitStack
from threading import Lock
from typing import Final

from careloom.model.collector import paused
from careloom.model.records import dataclass

INTERVAL: Final = 0.0001
"""Seconds after which threads hand over beside large work."""

_MOMENT: Final = 0.00001
"""Seconds that a thread sleeps to hand over; with what the system adds, long enough for another to wake up."""

LONGEST: Final = 30.0
"""Seconds after which nobody more puts the collector off together with those who do already."""


@dataclass(slots=True)
class _Interpreter:
    """What large work in progress has changed of it; there is one in a process.

    Attributes:
        large: How much of it there is.
        usual: Interval in seconds when there is none.
        unseen: How many pieces of it have put the collector off.
        unseen_since: When the first of these did, by `time.monotonic`.
    """

    large: int = 0
    usual: float = INTERVAL
    unseen: int = 0
    unseen_since: float = 0.0

    def share(self) -> ExitStack:
        """Share it with others until what is returned is closed."""
        kept = ExitStack()
        if self.large == 0:
            self.usual = sys.getswitchinterval()
            sys.setswitchinterval(min(INTERVAL, self.usual))
        self.large += 1
        kept.callback(self._end)
        now = time.monotonic()
        if self.unseen == 0:
            self.unseen_since = now
        if now - self.unseen_since <= LONGEST:
            self.unseen += 1
            kept.callback(self._see)
            kept.enter_context(paused())
        return kept

    def _end(self) -> None:
        self.large -= 1
        if self.large == 0:
            sys.setswitchinterval(self.usual)

    def _see(self) -> None:
        self.unseen -= 1


_interpreter = _Interpreter()
_lock = Lock()


def share() -> ExitStack:
    """See that others get on beside a piece of large work, until what is returned is closed; on any thread."""
    with _lock:
        kept = _interpreter.share()
    shared = ExitStack()
    shared.callback(_close, kept)
    return shared


def hand_over() -> None:
    """Let whoever waits for the interpreter have it, which takes a tenth of a millisecond; on any thread but his."""
    time.sleep(_MOMENT)


def _close(kept: ExitStack) -> None:
    with _lock:
        kept.close()
