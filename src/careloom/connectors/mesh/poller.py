"""The poller of a mailbox: what is in it is collected, recorded, and only then acknowledged.

What MESH hands over twice, because the acknowledgement was lost, is known by its own names to whoever records it. A
message that is refused stays in the mailbox, for it is not with us: it is tried again after a while, an operator finds
it in the log, and after five days MESH tells its sender. One message never holds up another.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from careloom.connectors.mesh.mailbox import Received, Report
from careloom.model.errors import CareloomError, NotFoundError, UnavailableError

SHOWN_EVERY: Final = 12 * 3600.0
"""Seconds between two handshakes; MESH wants one a day."""

HELD: Final = 3600.0
"""Seconds before a message that was refused is tried again."""

_log = structlog.get_logger(__name__)


class Inbox(Protocol):
    """A mailbox, as far as it is read."""

    async def handshake(self) -> None:
        """Show that the mailbox is there and ours."""
        ...

    async def inbox(self) -> list[str]:
        """The ids of what waits to be collected, oldest first."""
        ...

    async def collect(self, id: str) -> Received | Report:
        """A message out of the inbox."""
        ...

    async def acknowledge(self, id: str) -> None:
        """Say that a message is safe with us."""
        ...


class Poller:
    """Reads a mailbox for as long as `run` runs."""

    def __init__(
        self,
        inbox: Inbox,
        take: Callable[[Received], Awaitable[None]],
        undelivered: Callable[[Report], Awaitable[None]],
        *,
        interval: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a poller.

        Args:
            inbox: The mailbox.
            take: Records a message; raises where it is not on record.
            undelivered: Records that a message of ours was not delivered.
            interval: Seconds between two looks at an empty mailbox.
            now: Seconds of a clock that never goes back.
        """
        self._inbox = inbox
        self._take = take
        self._undelivered = undelivered
        self._interval = interval
        self._now = now
        self._shown_at = float("-inf")
        self._held: dict[str, float] = {}

    async def run(self) -> None:
        """Look into the mailbox again and again."""
        while True:
            try:
                await self.round()
            except CareloomError as error:
                _log.warning("mailbox cannot be read now", reason=str(error))
            except Exception:
                _log.exception("mailbox not read to its end; the next look is another try")
            await asyncio.sleep(self._interval)

    async def round(self) -> int:
        """Take what is in the mailbox now; how many messages were acknowledged.

        Raises:
            UnavailableError: MESH, or the record, does not answer.
            ForbiddenError: MESH does not let us in.
        """
        if self._now() - self._shown_at >= SHOWN_EVERY:
            await self._inbox.handshake()
            self._shown_at = self._now()
        listed = list(dict.fromkeys(await self._inbox.inbox()))
        self._held = {id: until for id, until in self._held.items() if id in listed and until > self._now()}
        return sum([await self._took(id) for id in listed if id not in self._held])

    async def _took(self, id: str) -> bool:
        """Whether a message is on record and acknowledged."""
        try:
            found = await self._inbox.collect(id)
            await (self._undelivered(found) if isinstance(found, Report) else self._take(found))
        except NotFoundError:  # which another process has taken meanwhile
            return False
        except UnavailableError:
            raise
        except CareloomError as error:
            self._hold(id, str(error))
            return False
        except Exception as error:
            self._hold(id, type(error).__name__)
            return False
        await self._inbox.acknowledge(id)
        return True

    def _hold(self, id: str, reason: str) -> None:
        self._held[id] = self._now() + HELD
        _log.error("message stays in the mailbox", message=id, reason=reason)
