"""Work that would hold up the event loop goes to a worker thread."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a plain function on a worker thread and wait for its result."""
    return await asyncio.to_thread(work, *args, **kwargs)
