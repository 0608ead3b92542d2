import asyncio
from collections.abc import AsyncIterator

from careloom.web.sse import message, with_heartbeat


def test_each_line_of_a_message_is_a_line_of_data() -> None:
    assert message("<p>\nx</p>", id=7) == b"id: 7\ndata: <p>\ndata: x</p>\n\n"


async def test_silence_is_filled_with_comments_and_no_message_is_lost() -> None:
    speak = asyncio.Event()

    async def messages() -> AsyncIterator[bytes]:
        await speak.wait()
        yield b"data: at last\n\n"

    stream = with_heartbeat(messages(), every=0.01)
    assert await anext(stream) == b": still here\n\n"
    speak.set()
    heard = [part async for part in stream if part.startswith(b"data")]
    assert heard == [b"data: at last\n\n"]


async def test_a_stream_that_is_left_stops_waiting() -> None:
    left = asyncio.Event()

    async def messages() -> AsyncIterator[bytes]:
        try:
            yield b"data: one\n\n"
            await asyncio.sleep(60)
        finally:
            left.set()

    stream = with_heartbeat(messages(), every=0.01)
    await anext(stream)
    await anext(stream)
    await stream.aclose()
    assert left.is_set()
