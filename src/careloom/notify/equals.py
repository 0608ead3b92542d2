"""How many equal subscriptions one client may have.

Ten thousand equal subscriptions are a loop in a client's code, and every event would be told ten thousand times to one
address. Equal are those of one client that ask for the same by the same channel, whatever they are called; those that
are off do not count.

Each process follows the subscriptions by the change log and keeps their keys at hand, since what is written is judged
where nothing can be waited for. It looks twice a second; what it has let pass counts for that time as if it were there,
so that a loop is stopped at once. Of several processes each lets pass as many as there may be, within one moment and no
more.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from careloom.model import Resource, serialize_json
from careloom.model.errors import ConflictError
from careloom.notify.subscriptions import FOLLOWED, owner_of
from careloom.store import Repository, Version

MOST_EQUAL: Final = 10
"""How many there may be unless the settings say otherwise."""

LOOK_EVERY: Final = 0.5
PASSING: Final = 2.0
"""Seconds for which one that was let pass counts before it is seen; after that it was not written."""

AT_A_TIME: Final = 1000


class Equals:
    """Knows which subscriptions are equal; `follow` it as a task.

    Args:
        repository: The record.
        most: How many equal ones there may be of one client.
        now: Seconds of a clock that never goes back.
    """

    def __init__(
        self, repository: Repository, most: int = MOST_EQUAL, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._repository = repository
        self._most = most
        self._keys: dict[str, bytes] = {}
        self._ids: dict[bytes, set[str]] = defaultdict(set)
        self._passing: dict[bytes, list[float]] = {}
        self._now = now

    def start(self, versions: Sequence[Version]) -> None:
        """Take in all there are."""
        for version in versions:
            self._put(version)

    async def follow(self, position: int) -> None:
        """Follow what is changed after a position of the change log, until cancelled."""
        while True:
            stretch = await self._repository.changes_of(FOLLOWED, position, AT_A_TIME)
            for change in stretch.changes:
                position = change.sequence
                if change.type == "Subscription":
                    version = await self._repository.read("Subscription", change.id)
                    if version is not None:
                        self._put(version)
            position = stretch.to
            self._forget()
            if stretch.is_end:
                await asyncio.sleep(LOOK_EVERY)

    def require_few(self, resource: Resource) -> Resource:
        """The Subscription as it was handed in, which is not one too many.

        Raises:
            ConflictError: There are as many equal ones already; the message names one of them.
        """
        if resource.get("status") == "off":
            return resource
        key, id = _key(resource), resource.get("id", "")
        self._forget()
        equal, passing = self._ids.get(key, set()), self._passing.get(key, [])
        if id in equal:
            return resource
        if len(equal) + len(passing) >= self._most:
            named = f", such as Subscription/{min(equal)}" if equal else ""
            raise ConflictError(
                f"Subscription: at most {self._most} that ask for the same by the same channel expected of one client, "
                f"found {len(equal) + len(passing)}{named}"
            )
        self._passing[key] = [*passing, self._now() + PASSING]
        return resource

    def _put(self, version: Version) -> None:
        former = self._keys.pop(version.id, None)
        if former is not None:
            self._ids[former].discard(version.id)
            if not self._ids[former]:
                del self._ids[former]
        if version.resource is not None and version.resource.get("status") != "off":
            key = self._keys[version.id] = _key(version.resource)
            self._ids[key].add(version.id)
            if former != key and key in self._passing:
                self._passing[key] = self._passing[key][1:]

    def _forget(self) -> None:
        """Forget those that were let pass and were not written."""
        now = self._now()
        left = {key: [until for until in moments if until > now] for key, moments in self._passing.items()}
        self._passing = {key: moments for key, moments in left.items() if moments}


def _key(resource: Resource) -> bytes:
    """What a subscription asks for, by which channel, and who asks."""
    asked = [owner_of(resource), *(resource.get(name) for name in ("criteria", "_criteria", "channel"))]
    return sha256(serialize_json(asked)).digest()
