"""Which lanes a process runs, where several share a record.

Subscriptions are dealt into `SHARDS` by a hash of their id. Each shard has a lease, and each process makes itself known
by one. Who is to have a shard follows from who is there: of all processes the one whose hash with the shard is
greatest. So every process comes to the same division by itself, and when one comes or goes only its own shards change
hands. A process that is to give up a shard ends its lanes first and then leaves the lease; one that dies is missed when
its leases are over. Whatever a lane writes names the fence of its shard's lease, so a process that was paused and wakes
up when its shard is another's can write nothing.

What is numbered by whoever matches is heard of by announcement and then read; a look every half second is a net under
announcements that were lost. The matcher itself reads the change log in the order of commits and hands its own lanes
what it numbers directly.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Final
from zlib import crc32

import structlog

from careloom.model.errors import UnavailableError
from careloom.notify.lanes import Lanes, supervised
from careloom.notify.subscriptions import FOLLOWED
from careloom.notify.tenure import Tenure
from careloom.store import EventLog, Repository, Version
from careloom.store.leases import Lease

SHARDS: Final = 16
SECONDS: Final = 10.0
"""How long a lease lasts: as long as the lanes of a process that died stand still."""

LOOK_EVERY: Final = 0.5
"""Seconds between two looks for events that no announcement came of."""

PAUSE: Final = 0.01
"""Seconds between two looks at the least."""

PRESENCE: Final = "notify process "
LANES: Final = "notify lanes "

_log = structlog.get_logger(__name__)


class Shifts:
    """Takes and leaves shards; `start` and `stop` it on the event loop.

    Args:
        repository: The record, which other processes share.
        holder: Name of this process, no other's.
        make: Makes the lanes, once, which ask where they may write.
        subscriptions: All there are, as they are now.
        seconds: How long a lease lasts.
        tenure: Told how long the shards are surely this process's.
    """

    def __init__(
        self,
        repository: Repository,
        holder: str,
        make: "Callable[[Callable[[str], EventLog | None]], Lanes]",
        subscriptions: Callable[[], Awaitable[Sequence[Version]]],
        *,
        seconds: float = SECONDS,
        tenure: Tenure | None = None,
    ) -> None:
        self._repository = repository
        self._holder = holder
        self._subscriptions = subscriptions
        self._seconds = seconds
        self._leases: dict[int, Lease] = {}
        self._logs: dict[int, EventLog] = {}
        self._ends = 0.0
        self._tenure = tenure or Tenure()
        self._position = 0
        self._numbered_to = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.lanes = make(self._log_of)

    @property
    def shards(self) -> frozenset[int]:
        """Those that this process has now."""
        return frozenset(self._leases)

    async def start(self) -> None:
        """Take the shards that are free, and from then on those that fall to this process."""
        recovery = await self._repository.events.recover()
        self._position = self._numbered_to = recovery.matched_to
        self._repository.on_commit(self._wake.set)
        with contextlib.suppress(UnavailableError, TimeoutError):  # the next look is another try
            await self._look()
        work = {"shifts": self._keep_looking, "following": self._follow}
        self._tasks = [asyncio.create_task(supervised(name, each)) for name, each in work.items()]

    async def stop(self) -> None:
        """End all lanes, and let other processes have their shards at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.lanes.stop()
        events = self._repository.events
        with contextlib.suppress(UnavailableError):
            for lease in self._leases.values():
                await events.leave_lease(lease)
            for presence in await events.take_leases([PRESENCE + self._holder], self._holder, self._seconds):
                await events.leave_lease(presence)
        self._leases.clear()
        self._logs.clear()

    def _log_of(self, id: str) -> EventLog | None:
        return self._logs.get(shard_of(id))

    # who has what

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 5)
            try:
                await self._look()
            except (UnavailableError, TimeoutError):
                if time.monotonic() > self._ends - self._seconds / 5:  # another may have them any moment
                    await self._lose(self._leases.keys())

    async def _look(self) -> None:
        """Prolong what is held, give up what is another's by now, and take what is free and ours."""
        asked, events = time.monotonic(), self._repository.events
        names = [PRESENCE + self._holder, *(lease.name for lease in self._leases.values())]
        async with asyncio.timeout(self._seconds / 2):
            held = {lease.name: lease for lease in await events.take_leases(names, self._holder, self._seconds)}
            present = await events.lease_holders(PRESENCE)
        await self._lose(shard for shard, lease in self._leases.items() if _has_lost(lease, held.get(lease.name)))
        self._ends = asked + self._seconds
        self._tenure.prolonged(asked, self._seconds)
        mine = {shard for shard in range(SHARDS) if _falls_to(shard, present) == self._holder}
        for shard in self.shards - mine:
            lease = self._leases[shard]
            await self._lose([shard])
            await events.leave_lease(lease)
        await self._take(sorted(mine - self.shards))

    async def _lose(self, shards: Iterable[int]) -> None:
        """End the lanes of shards that are not ours any more."""
        lost = frozenset(shards)
        if lost:
            for shard in lost:
                del self._leases[shard], self._logs[shard]
            await self.lanes.end_where(lambda id: shard_of(id) in lost)
            _log.info("lanes given up", holder=self._holder, shards=sorted(lost))

    async def _take(self, shards: Sequence[int]) -> None:
        if not shards:
            return
        events = self._repository.events
        taken = await events.take_leases([f"{LANES}{shard}" for shard in shards], self._holder, self._seconds)
        if not taken:
            return
        for lease in taken:
            shard = int(lease.name.removeprefix(LANES))
            self._leases[shard], self._logs[shard] = lease, events.under(lease)
        try:
            recovery = await events.recover()
            versions = await self._subscriptions()
        except BaseException:
            await self._lose([int(lease.name.removeprefix(LANES)) for lease in taken])  # to be taken again
            raise
        self.lanes.start(versions, {each.cursor.subscription: each for each in recovery.lanes})
        _log.info("lanes taken", holder=self._holder, shards=sorted(self.shards))

    # what happens meanwhile

    async def _follow(self) -> None:
        """Follow subscriptions as they change, and events as they are numbered, by whichever process."""
        while True:
            self._wake.clear()
            stretch = await self._repository.changes_of(FOLLOWED, self._position, 500)
            for change in stretch.changes:
                if change.type == "Subscription":
                    await self.lanes.changed(change)
                self._position = change.sequence
            self._position = stretch.to
            self._numbered_to, newest = await self._repository.events.newest_after(self._numbered_to)
            self.lanes.wake_to(newest)
            await asyncio.sleep(PAUSE)
            if stretch.is_end:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._wake.wait()


def shard_of(id: str) -> int:
    """The shard of a subscription, the same in every process."""
    return crc32(id.encode()) % SHARDS


def _falls_to(shard: int, present: Sequence[str]) -> str:
    """Whose turn it is, of those who are there."""
    return max(present, key=lambda holder: blake2b(f"{shard} {holder}".encode()).digest(), default="")


def _has_lost(had: Lease, held: Lease | None) -> bool:
    return held is None or held.fence != had.fence
