"""What a line that stays open tells is counted once, however often it is told."""

import asyncio

from tests.patience import PATIENCE
from tests.unit.rest.desk import NOW
from tests.unit.rest.subscriptions.ward import Ward

from careloom.notify.metrics import NotifyMetrics
from careloom.notify.recent import SLOT_SECONDS
from careloom.notify.websocket import Bound, ClosedError, Feed


class Line:
    """A connection whose other side hangs up after so many messages."""

    def __init__(self, most: int) -> None:
        self.left = most

    async def receive(self) -> str:
        raise ClosedError

    async def send(self, text: str) -> None:
        if not self.left:
            raise ClosedError
        self.left -= 1


async def test_a_feed_counts_events_that_are_told_for_the_first_time(ward: Ward) -> None:
    id = await ward.subscribe(type="websocket", endpoint=None)
    await ward.happen(id, await ward.stay("e1"), await ward.stay("e2"))
    metrics = NotifyMetrics()

    async def redeem(token: str) -> Bound:
        raise AssertionError(token)

    parts = ward.parts(redeem, metrics)
    for _ in range(2):
        async with asyncio.timeout(PATIENCE):
            line = Line(3)
            feed = asyncio.create_task(Feed(id, "acute-epr", line, parts).run(0))
            while line.left:
                await asyncio.sleep(0.01)
            while (await parts.repository.events.cursor(id)).delivered_to < 2:
                await asyncio.sleep(0.01)
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)
    assert metrics.recent.summary(NOW.timestamp() + SLOT_SECONDS).told == 2
