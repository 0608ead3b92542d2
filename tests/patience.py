"""How long is waited for what happens a moment later in another task, thread or process.

What is noted after an answer is not there yet when the answer is. So nothing of that kind is looked at once, and no
pause stands for "by now it has happened", which on a machine with other work to do it has not.
"""

import asyncio
import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which it is taken for something that does not happen; what takes a moment may take a hundred."""


async def becomes(check: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait on the event loop for something to be true."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)
