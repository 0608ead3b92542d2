"""What all simulated systems have in common: a description of one, and the shape it must have."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from starlette.routing import BaseRoute

from careloom.connectathon.suppliers.wire import HubClient
from careloom.model.records import dataclass

Action = Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""Something a system can be asked to do; takes texts by name and tells what came of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a simulated system is given to live with.

    Attributes:
        hub: Its line to the hub.
        storage: A folder of its own.
        public_url: Where others reach it, without a slash at the end.
        settings: Texts by name, from the scenario and the host.
    """

    hub: HubClient
    storage: Path
    public_url: str
    settings: Mapping[str, str]


class System(Protocol):
    """A simulated system."""

    @property
    def actions(self) -> Mapping[str, Action]:
        """What it can be asked to do, by name."""
        ...

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The addresses at which others reach it, besides its control address."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What its storage holds, for people."""
        ...

    async def work(self) -> None:
        """What it does by itself, until cancelled."""

    def close(self) -> None:
        """Give its storage back."""
