"""Server-sent events: a stream of messages, each a piece of HTML for a place on the page.

Source: WHATWG HTML, "Server-sent events".
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing on the way takes the stream for dead."""


def message(data: str, *, id: int) -> bytes:
    """One message; the browser tells its id when it connects again."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"id: {id}\n{lines}\n".encode()


async def with_heartbeat(messages: AsyncIterator[bytes], *, every: float = HEARTBEAT) -> AsyncGenerator[bytes, None]:
    """The same messages, with a comment wherever there is none for a while."""
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(messages))
            done, _ = await asyncio.wait({pending}, timeout=every)
            if not done:
                yield b": still here\n\n"
                continue
            task, pending = pending, None
            try:
                yield task.result()
            except StopAsyncIteration:
                return
    finally:
        if pending:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
