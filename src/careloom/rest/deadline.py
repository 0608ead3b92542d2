"""Work that is given up when its time is over, at no cost where it need not wait.

A timer is made for each request that has one, and most requests are answered before it would be looked at: a read by
id waits for nothing. So the work is begun without a timer, and gets one when it first waits.
"""

import asyncio
import time
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlineError(Exception):
    """The time for some work was over before the work was."""


async def within(work: Coroutine[Any, Any, T], deadline: float) -> T:
    """What the work gives.

    Args:
        work: Begun here and awaited to its end.
        deadline: When it is given up, by `time.monotonic`.

    Raises:
        DeadlineError: Time was up while it waited.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        answer: T = done.value
        return answer
    try:
        async with asyncio.timeout(max(deadline - time.monotonic(), 0)) as limit:
            return await _continued(work, waits_for)
    except TimeoutError as error:
        if limit.expired():
            raise DeadlineError from error
        raise


@coroutine
def _continued(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that has been begun by hand, and of what it waits for."""
    step: Any = None
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:  # handed on: a cancellation is the work's to see
            step, given = work.throw, error
        else:
            step, given = work.send, sent
        try:
            waits_for = step(given)
        except StopIteration as done:
            answer: T = done.value
            return answer
