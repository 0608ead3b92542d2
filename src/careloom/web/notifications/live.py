"""A page kept up to date: whichever of its pieces has changed is sent to the browser, which puts it in its place."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from careloom.model.errors import CareloomError
from careloom.web.sse import message

EVERY: Final = 2.0
"""Seconds between two looks."""

LONGEST: Final = 300.0
"""Seconds after which a stream ends; the browser opens another, which is decided and on record as the first was."""

Pieces = Mapping[str, str]
"""Pieces of a page by the id of the element they are in."""


async def kept_up_to_date(
    first: Pieces,
    look: Callable[[], Awaitable[Pieces]],
    ended: Callable[[CareloomError], Pieces],
    stopping: asyncio.Event,
    *,
    every: float = EVERY,
    longest: float = LONGEST,
) -> AsyncIterator[bytes]:
    """Messages with the pieces that have changed, until the process stops or the viewer may look no longer.

    Args:
        first: The pieces as they are; all of them are sent, since the page may be older.
        look: Gives them as they are by then.
        ended: The pieces that tell why there will be no more.
        stopping: Ends the stream.
        every: Seconds between two looks.
        longest: Seconds after which it ends by itself.
    """
    shown, number, ends = dict(first), 1, time.monotonic() + longest
    yield message(_news(first), id=number)
    while time.monotonic() < ends and not await _is_set(stopping, every):
        try:
            found = await look()
        except CareloomError as error:
            yield message(_news(ended(error)), id=number + 1)
            return
        changed = {id: text for id, text in found.items() if shown.get(id) != text}
        if changed:
            number += 1
            shown.update(changed)
            yield message(_news(changed), id=number)


def _news(pieces: Pieces) -> str:
    """The pieces as htmx takes them: each morphs what is there, so that focus and opened parts stay."""
    return "\n".join(
        f'<hx-partial hx-target="#{id}" hx-swap="innerMorph">{text}</hx-partial>' for id, text in pieces.items()
    )


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
