"""Who may send how much at a time, so that nobody's slow endpoint keeps another's notifications waiting.

A try takes a place of its host first, then one of its owner. A host that accepts connections and never answers uses up
its own places and waits for them alone; an owner with a thousand endpoints uses up its own. Nothing is shared by all,
so there is nothing that a dead endpoint could take from the living.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
        self._owners: dict[str, asyncio.Semaphore] = {}
        self._hosts: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def take(self, owner: str, endpoint: str) -> AsyncIterator[None]:
        """A place for one try, given back at the end of the context."""
        host = self._hosts.setdefault(urlsplit(endpoint).netloc, asyncio.Semaphore(self._of_host))
        async with host, self._owners.setdefault(owner, asyncio.Semaphore(self._of_owner)):
            yield
