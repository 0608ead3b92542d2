"""A page kept up to date."""

import asyncio
from collections.abc import AsyncIterator

from careloom.model.errors import CareloomError, LoginError
from careloom.web.notifications.live import Pieces, kept_up_to_date


class Looks:
    """What is seen at each look; the last of it again and again."""

    def __init__(self, *found: Pieces | CareloomError) -> None:
        self._found = list(found)
        self.count = 0

    async def __call__(self) -> Pieces:
        self.count += 1
        found = self._found.pop(0) if len(self._found) > 1 else self._found[0]
        if isinstance(found, CareloomError):
            raise found
        return found


def stream(looks: Looks, stopping: asyncio.Event, *, longest: float = 60.0) -> AsyncIterator[bytes]:
    def ended(error: CareloomError) -> Pieces:
        return {"state": f"ended: {error}"}

    return kept_up_to_date({"a": "1", "b": "1"}, looks, ended, stopping, every=0.001, longest=longest)


async def test_all_pieces_are_sent_first_and_then_those_that_have_changed() -> None:
    stopping = asyncio.Event()
    messages = stream(Looks({"a": "1", "b": "1"}, {"a": "1", "b": "2"}), stopping)
    first, second = (await anext(messages)).decode(), (await anext(messages)).decode()
    assert first.count("hx-partial hx-target") == 2
    assert 'hx-target="#b" hx-swap="innerMorph">2<' in second
    assert "#a" not in second
    assert second.startswith("id: 2\n")
    stopping.set()
    assert [] == [each async for each in messages]


async def test_who_may_look_no_longer_is_told_so_and_the_stream_ends() -> None:
    messages = [each.decode() async for each in stream(Looks(LoginError("the token is over")), asyncio.Event())]
    assert 2 == len(messages)
    assert "ended: the token is over" in messages[1]


async def test_a_stream_ends_by_itself_in_the_end() -> None:
    looks = Looks({"a": "1", "b": "1"})
    assert 1 == len([each async for each in stream(looks, asyncio.Event(), longest=0.05)])
    assert looks.count > 1


async def test_lines_of_a_piece_stay_one_message() -> None:
    stopping = asyncio.Event()
    messages = stream(Looks({"a": "two\nlines", "b": "1"}), stopping)
    await anext(messages)
    told = (await anext(messages)).decode()
    assert all(line.startswith(("id: ", "data: ")) or not line for line in told.splitlines())
