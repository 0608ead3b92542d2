"""Takes notifications: once each, in order, without a hole.

A hub tells at least once. So a receiver drops what it has taken before, by number; and wherever a number is missing,
it fetches it by ``$events`` before it goes on. An event counts as taken when ``handle`` has returned and
its number is kept: a crash between the two is the only way to see an event twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock

from careloom.model.errors import ConflictError, InvalidError, LoginError, MalformedError
from careloom.model.instants import Clock, utc_now
from careloom.notify.signature import verify
from careloom.receiver.memory import Memory
from careloom.receiver.notification import Event, Notification, read_notification

Fetch = Callable[[str], bytes]
"""Gets an address of the hub, with whatever token that takes, and gives the body; raises where it cannot."""

Handle = Callable[[Event], None]
"""What the program does with an event; where it raises, the event was not taken, and comes again."""

PAGE = 1_000
"""Events that are asked for at a time."""


class GapError(ConflictError):
    """Events are missing and the hub does not give them; its message names the numbers."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a notification.

    Attributes:
        kind: As in `Notification`.
        events: Those that were handled, in order of the numbers.
        fetched: How many of them were missing and had to be fetched.
        dropped: How many had been taken before.
    """

    kind: str
    events: tuple[Event, ...] = ()
    fetched: int = 0
    dropped: int = 0


class Receiver:
    """One endpoint; for any number of subscriptions that share its secret. Threads may share it.

    Args:
        secret: As registered with the hub, ``whsec_…``, or the hub's public key, ``whpk_…``; several with white space
            between while one takes the place of another; None where the hub does not sign.
        memory: Keeps the last number.
        fetch: Asks the hub for missing events.
        hub: Base address of the hub; where it is given, nothing is fetched from elsewhere. Give it where the hub does
            not sign, for anybody may then say where a subscription is.
        clock: Tells old notifications from new ones.
    """

    def __init__(
        self, *, secret: str | None, memory: Memory, fetch: Fetch, hub: str = "", clock: Clock = utc_now
    ) -> None:
        self._secret, self._memory, self._fetch, self._hub, self._clock = secret, memory, fetch, hub, clock
        self._lock = RLock()

    def take(self, headers: Mapping[str, str], body: bytes, handle: Handle) -> Taken:
        """Take a notification; answer 200 when this returns, and 4xx or 5xx when it raises, as `answer` does.

        Args:
            headers: Of the request, in any case.
            body: Of the request, as it came.
            handle: Called for each new event, in order of the numbers.

        Raises:
            LoginError: The signature is missing or wrong, or too old: answer 401.
            MalformedError: No JSON: answer 400.
            InvalidError: No notification, or one of another hub: answer 422.
            GapError: Events are missing and cannot be had: answer 503, and the hub tries again.
        """
        if self._secret is not None:
            verify(self._secret, {name.lower(): value for name, value in headers.items()}, body, now=self._clock())
        return self._taken(read_notification(body), handle)

    def answer(self, headers: Mapping[str, str], body: bytes, handle: Handle) -> int:
        """Take a notification; the HTTP status to answer it with.

        Args:
            headers: As for `take`.
            body: As for `take`.
            handle: As for `take`; what it raises is raised here, for the framework to answer with 500.
        """
        try:
            self.take(headers, body, handle)
        except LoginError:
            return 401
        except GapError:
            return 503
        except MalformedError:
            return 400
        except InvalidError:
            return 422
        return 200

    def catch_up(self, subscription: str, handle: Handle) -> Taken:
        """Fetch whatever was told while this program was not there.

        Args:
            subscription: Its address on the hub.
            handle: As for `take`.
        """
        with self._lock:
            last = self._memory.last(subscription) or 0
            missing = self._missing(subscription, last + 1, None)
            self._handle(subscription, missing, handle)
            return Taken("query-event", tuple(missing), len(missing))

    def _taken(self, notification: Notification, handle: Handle) -> Taken:
        subscription = notification.subscription
        if not subscription.startswith(self._hub.rstrip("/") + "/" if self._hub else ""):
            raise InvalidError(f"a subscription of {self._hub} expected, {subscription!r} found")
        with self._lock:
            if notification.kind == "handshake" and self._memory.last(subscription) is None:
                self._memory.remember(subscription, notification.count or 0)
            last = self._memory.last(subscription)
            if last is None:  # the handshake was before our time: what came before this notification is not ours
                last = notification.events[0].number - 1 if notification.events else notification.count or 0
            new = {event.number: event for event in notification.events if event.number > last}
            until = max(new) if new else notification.count or last
            events = self._whole(subscription, last, until, new)
            self._handle(subscription, events, handle)
        return Taken(notification.kind, tuple(events), len(events) - len(new), len(notification.events) - len(new))

    def _whole(self, subscription: str, last: int, until: int, new: Mapping[int, Event]) -> list[Event]:
        """All events after a number up to another: those that came, and fetched ones wherever some are missing."""
        events: list[Event] = []
        for number in (*sorted(new), until + 1):
            if number > last + 1:
                events += self._missing(subscription, last + 1, number - 1)
            if number in new:
                events.append(new[number])
            last = number
        return events

    def _handle(self, subscription: str, events: Sequence[Event], handle: Handle) -> None:
        for event in events:
            handle(event)
            self._memory.remember(subscription, event.number)

    def _missing(self, subscription: str, first: int, last: int | None) -> tuple[Event, ...]:
        """The events from one number to another, or to the newest."""
        found: list[Event] = []
        while last is None or first <= last:
            until = first + PAGE - 1 if last is None else min(first + PAGE - 1, last)
            answer = read_notification(self._fetch(_events_address(subscription, first, until)))
            page = [event for event in answer.events if first <= event.number <= until]
            whole = [event.number for event in page] == list(range(first, first + len(page)))
            if not whole or (last is not None and len(page) < until - first + 1):
                raise GapError(f"{subscription}: events {first} to {until} expected, {[e.number for e in page]} found")
            found += page
            first += len(page)
            if last is None and len(page) < PAGE:
                break
        return tuple(found)


def _events_address(subscription: str, first: int, last: int) -> str:
    if "?" in subscription:
        raise InvalidError(f"the address of a subscription expected, {subscription!r} found")
    return f"{subscription}/$events?eventsSinceNumber={first}&eventsUntilNumber={last}"
