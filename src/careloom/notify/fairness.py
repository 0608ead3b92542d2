"""Who may send how much at a time, so that nobody's slow endpoint keeps another's notifications waiting.

A try takes a place of its host first, then one of its owner. A host that accepts connections and never answers uses up
its own places and waits for them alone; an owner with a thousand endpoints uses up its own. Nothing is shared by all,
so there is nothing that a dead endpoint could take from the living.
"""

import asyncio
from collections import deque
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

OF_OWNER: Final = 64
"""Notifications on their way at a time for one client."""

OF_HOST: Final = 16
"""Notifications on their way at a time to one host."""


class Places:
    """Places among the tries that run at a time, by owner and by host."""

    def __init__(self, of_owner: int = OF_OWNER, of_host: int = OF_HOST) -> None:
        self._of_owner, self._of_host = of_owner, of_host
        self._owners: dict[str, _Row] = {}
        self._hosts: dict[str, _Row] = {}

    def take(self, owner: str, endpoint: str) -> "_Place":
        """A place for one try, given back at the end of the context."""
        host = _host(endpoint)
        if host not in self._hosts:
            self._hosts[host] = _Row(self._of_host)
        if owner not in self._owners:
            self._owners[owner] = _Row(self._of_owner)
        return _Place(self._hosts[host], self._owners[owner])


class _Row:
    """Places of one kind: as long as one is free nobody waits, and it is a number that goes down."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a place, behind those who wait already."""
        if self._free:
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it was just given the place that it does not want any more
                self.leave()
            raise

    def leave(self) -> None:
        """Give a place to who waits longest, or keep it free."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1


class _Place:
    """One place of a host and one of an owner."""

    __slots__ = ("_host", "_owner")

    def __init__(self, host: _Row, owner: _Row) -> None:
        self._host, self._owner = host, owner

    async def __aenter__(self) -> None:
        await self._host.take()
        try:
            await self._owner.take()
        except BaseException:
            self._host.leave()
            raise

    async def __aexit__(self, *raised: object) -> None:
        self._owner.leave()
        self._host.leave()


@lru_cache(maxsize=8192)
def _host(endpoint: str) -> str:
    return urlsplit(endpoint).netloc
