"""Which process notifies: the one that holds a lease, while it holds it.

Several processes may serve one record, and each subscriber is to be told once. So matching and delivering is the duty
of one of them. It prolongs its lease long before the end; when it cannot, it stops before the lease is over. Another
then takes up where the event log says that matching and delivering had come to.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from careloom.model.errors import UnavailableError
from careloom.notify.tenure import Tenure
from careloom.store import EventLog
from careloom.store.leases import Lease

NAME = "notify"
SECONDS = 10.0
"""How long a lease lasts: as long as nobody is told after a process has died."""

PROLONGED_EVERY = 2.0
MARGIN = 2.0
"""Seconds before the end of a lease that could not be prolonged at which its holder stops."""

_log = structlog.get_logger(__name__)


class Notifying(Protocol):
    """What is on duty."""

    async def start(self) -> None:
        """Take up where the event log has come to."""
        ...

    async def stop(self) -> None:
        """Send nothing more."""
        ...


class Duty:
    """Keeps a notifier running while this process is the one to notify; `start` and `stop` it on the event loop.

    Args:
        events: Where the lease is.
        holder: Name of this process, no other's.
        make: Makes a notifier, a new one for each time of duty, which writes under the lease it is given.
        tenure: Told how long it is surely this process that notifies.
    """

    def __init__(
        self, events: EventLog, holder: str, make: Callable[[Lease], Notifying], tenure: Tenure | None = None
    ) -> None:
        self._events = events
        self._holder = holder
        self._make = make
        self._lease: Lease | None = None
        self._ends = 0.0
        self._tenure = tenure or Tenure()
        self._notifier: Notifying | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether this process notifies at present."""
        return self._notifier is not None

    async def start(self) -> None:
        """Take the lease if it is free, and from then on whenever it becomes so."""
        await self._look()
        self._task = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Stop notifying, and let the next process take over at once."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._go_off()
        if self._lease is not None:
            with contextlib.suppress(UnavailableError):
                await self._events.leave_lease(self._lease)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(PROLONGED_EVERY)
            try:
                await self._look()
            except Exception:
                _log.exception("whether to notify is not clear; the next look is another try")

    async def _look(self) -> None:
        asked = time.monotonic()
        left = self._ends - MARGIN - asked  # nothing, after a start that took longer than the lease lasts
        patience = max(left, MARGIN / 2) if self.is_on else SECONDS
        try:
            async with asyncio.timeout(patience):  # since wait_for of Python 3.11 may swallow a cancellation
                found = await self._events.take_lease(NAME, self._holder, SECONDS)
        except (UnavailableError, TimeoutError):
            if self.is_on and time.monotonic() >= self._ends - MARGIN:
                await self._go_off()
            return
        if self.is_on and (found is None or self._lease is None or found.fence != self._lease.fence):
            await self._go_off()
        self._lease = found
        if found is not None:
            self._ends = asked + SECONDS
            self._tenure.prolonged(asked, SECONDS)
            await self._go_on(found)

    async def _go_on(self, lease: Lease) -> None:
        if self._notifier is None:
            notifier = self._make(lease)
            await notifier.start()  # should it fail, the next look is another try
            self._notifier = notifier
            _log.info("this process notifies", holder=self._holder)

    async def _go_off(self) -> None:
        notifier, self._notifier = self._notifier, None
        if notifier is not None:
            await notifier.stop()
            _log.info("this process notifies no more", holder=self._holder)
