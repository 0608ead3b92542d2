"""How threads share the interpreter beside large work.

A thread that computes hands the interpreter over when another has waited for an interval. A small request takes it a
few dozen times: after each statement of the database, each synchronisation of the disk, each step from thread to
thread. Beside large work it waits out the interval each time, so this is made short. It is not always short, since many
small requests are quicker where each gets on for a while.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

INTERVAL: Final = 0.0001
"""Seconds after which threads hand over beside large work."""

_lock = Lock()
_large = 0
_usual = INTERVAL


@contextmanager
def shared() -> Iterator[None]:
    """Have threads hand over soon while one piece of large work is in progress; others that do meanwhile add up."""
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    global _large, _usual  # noqa: PLW0603 - there is one interpreter in a process
    with _lock:
        if _large == 0:
            _usual = sys.getswitchinterval()
            sys.setswitchinterval(min(INTERVAL, _usual))
        _large += 1


def _end() -> None:
    global _large  # noqa: PLW0603
    with _lock:
        _large -= 1
        if _large == 0:
            sys.setswitchinterval(_usual)
