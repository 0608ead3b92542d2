"""How long what a process has leased is surely its own.

What a process writes names the fence of its lease, so one that was paused and wakes up too late writes nothing. What it
sends no database sees: so nothing is sent unless the lease surely lasts, by a clock of this machine that goes on while
the process is paused. Should the lease turn out to be another's, whoever waits here is ended; should it be prolonged
after all, they go on.

A notification that has left before the pause, and one that leaves in the instant between the look at the clock and the
wire, cannot be called back: a receiver may hear it beside the one that the next holder sends, under the same id.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from careloom.notify.rest_hook import Channel, Outcome

MARGIN: Final = 1.0
"""Seconds before the end of a lease in which nothing is begun any more, since what is sent takes its time."""

LOOK_EVERY: Final = 0.05


class Tenure:
    """The time of a lease by the clock of this machine; nobody's until it is `prolonged`."""

    def __init__(self) -> None:
        self._ends = 0.0

    @property
    def is_sure(self) -> bool:
        """Whether what is leased is surely this process's."""
        return time.monotonic() < self._ends

    def prolonged(self, asked: float, seconds: float) -> None:
        """The lease lasts so many seconds from when it was asked for, by the monotonic clock."""
        self._ends = asked + seconds - min(MARGIN, seconds / 5)

    async def sure(self) -> None:
        """Wait until it is sure, as long as nobody ends whoever waits."""
        while not self.is_sure:
            await asyncio.sleep(LOOK_EVERY)


class Guarded:
    """A channel that sends nothing while it is not sure that this process is the one to send."""

    def __init__(self, channel: Channel, tenure: Tenure) -> None:
        self._channel = channel
        self._tenure = tenure

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """As in the channel, once it is sure."""
        if not self._tenure.is_sure:
            await self._tenure.sure()
        return await self._channel.send(endpoint, body, webhook_id=webhook_id, secret=secret, headers=headers)


def guarded(channels: Mapping[str, Channel], tenure: Tenure) -> dict[str, Channel]:
    """The same channels, by kind, for whoever sends under a lease."""
    return {kind: Guarded(channel, tenure) for kind, channel in channels.items()}
