"""Refusals of strangers: the first few of a network are recorded one by one, the rest are counted and recorded as one.

Anybody can be refused, as often as they like. If each time left a record of its own, a stranger could fill the disk; if
it left none, nobody could tell that somebody is trying. So a window of time begins with the first refusal of a network.
What goes beyond the first few in it is counted, and when it has ended a single record says how many there were, and
from when to when.

An IPv4 address is a network by itself. Of an IPv6 address the first 64 bits are: whoever has one address there has all
of them. So many networks are counted by themselves at a time, and the refusals of all others together. So neither what
is kept in memory nor what is recorded in a window grows with the number of addresses.

The counts are in the memory of one process: a hub that is stopped records them, one that is killed loses those of
windows that had not ended, whose first refusals are on record.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from careloom.model.records import dataclass, field

OTHERS: Final = ""
"""The network of those that are counted together, and of addresses that are none."""


@dataclass(frozen=True, slots=True)
class Folding:
    """How many refusals of a network are recorded one by one, and in what time.

    Attributes:
        refusals: Of a network in a window, before the rest of them are counted.
        seconds: Length of a window.
        networks: How many are counted by themselves at a time.
    """

    refusals: int = 10
    seconds: float = 900.0
    networks: int = 250


@dataclass(frozen=True, slots=True)
class Folded:
    """Refusals that are recorded as one.

    Attributes:
        id: Of the record.
        network: An address, or ``2001:db8:1:2::/64``; `OTHERS` for several.
        first: When the first of them was, timezone-aware.
        last: When the last of them was.
        by_status: How many of them there were of each HTTP status, by status.
    """

    id: str
    network: str
    first: datetime
    last: datetime
    by_status: tuple[tuple[int, int], ...]

    @property
    def number(self) -> int:
        """How many they are."""
        return sum(number for _, number in self.by_status)


@dataclass(slots=True, eq=False)
class _Window:
    """One network's refusals since the first of them.

    Attributes:
        began: When that was.
        single: How many are recorded one by one.
        id: Of the record that tells of the others; empty before the first of them.
    """

    began: datetime
    single: int = 0
    id: str = ""
    first: datetime = datetime.min
    last: datetime = datetime.min
    by_status: Counter[int] = field(default_factory=Counter)

    def count(self, status: int, now: datetime, new_id: Callable[[], str]) -> str:
        if not self.id:
            self.id, self.first = new_id(), now
        self.last = now
        self.by_status[status] += 1
        return self.id

    def folded(self, network: str) -> Folded:
        return Folded(self.id, network, self.first, self.last, tuple(sorted(self.by_status.items())))


class Refusals:
    """What is counted and not recorded yet; an event loop's own."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._owed: list[Folded] = []

    def fold(self, address: str, status: int, now: datetime, new_id: Callable[[], str], folding: Folding) -> str:
        """Take note of a refusal, and say which record will tell of it together with others.

        Args:
            address: Network address of who was refused; empty when unknown.
            status: HTTP status of the answer.
            now: The present instant.
            new_id: Makes ids of records.
            folding: What is in force.

        Returns:
            The id of that record; empty where the refusal is to be recorded by itself.
        """
        window = self._window(network_of(address), now, folding)
        if window.single < folding.refusals:
            window.single += 1
            return ""
        return window.count(status, now, new_id)

    def _window(self, network: str, now: datetime, folding: Folding) -> _Window:
        if network not in self._windows and len(self._windows) >= folding.networks:
            network = OTHERS
        return self._windows.setdefault(network, _Window(now))

    def due(self, now: datetime, folding: Folding) -> Sequence[Folded]:
        """What is to be recorded by now; the same again and nothing more until it is said to be `written`."""
        if not self._owed:
            self._end(now - timedelta(seconds=folding.seconds))
        return self._owed

    def rest(self) -> Sequence[Folded]:
        """All that is not recorded, however short the time, since no more is to come."""
        self._end(None)
        return self._owed

    def written(self) -> None:
        """What was `due`, or the `rest`, is recorded."""
        self._owed = []

    def _end(self, before: datetime | None) -> None:
        """End the windows that began before an instant, or all."""
        ended = [network for network, each in self._windows.items() if before is None or each.began <= before]
        windows = [(network, self._windows.pop(network)) for network in ended]
        self._owed += [window.folded(network) for network, window in windows if window.id]


def network_of(address: str) -> str:
    """The network that an address is counted by; `OTHERS` for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return OTHERS
    if isinstance(found, IPv6Address):
        return _network_of_6(found)
    return str(found)


def _network_of_6(address: IPv6Address) -> str:
    mapped: IPv4Address | None = address.ipv4_mapped
    return str(mapped or IPv6Network((int(address), 64), strict=False))
