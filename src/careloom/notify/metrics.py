"""What the notifier counts: for Prometheus, as far as the hub is asked for figures, and for who looks at the console.

Labels are kinds of channels and outcomes, words of this room's own; no subscription, endpoint or resource is one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from careloom.notify.notification import Told
from careloom.notify.recent import Recent
from careloom.store import Attempt

LATENCIES: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(300.0, 1800.0, 7200.0, 86400.0),
)
"""Bounds in seconds, up to a day: an event waits as long as its receiver is down."""

_TRIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class NotifyMetrics:
    """The figures of telling.

    Attributes:
        recent: The last ten minutes, of this process.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Begin at nothing.

        Args:
            registry: Where Prometheus finds them; one of their own where nobody asks.
        """
        registry = registry or CollectorRegistry()
        self.recent = Recent()
        self._children: dict[tuple[object, ...], Any] = {}
        self._told = Counter(
            "careloom_notified_events", "Events that receivers have accepted", ("channel",), registry=registry
        )
        self._latency = Histogram(
            "careloom_notified_seconds",
            "Seconds from the commit of a change to its acceptance by a receiver",
            ("channel",),
            buckets=LATENCIES,
            registry=registry,
        )
        self._tries = Counter(
            "careloom_notification_tries",
            "Notifications sent, handshakes and heartbeats among them",
            ("channel", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "careloom_notification_try_seconds",
            "Seconds that one try to send a notification took",
            ("channel",),
            buckets=_TRIES,
            registry=registry,
        )

    def told(self, channel: str, told: Sequence[Told], now: datetime) -> None:
        """A receiver has accepted events for the first time; those of which it is told nothing do not count."""
        latencies = [max(0.0, (now - each.event.recorded).total_seconds()) for each in told if not each.silence]
        self.recent.told(now.timestamp(), latencies)
        self._child(self._told, channel).inc(len(latencies))
        observe = self._child(self._latency, channel).observe
        for seconds in latencies:
            observe(seconds)

    def tried(self, channel: str, attempt: Attempt) -> None:
        """A notification was sent, whatever became of it."""
        ended = attempt.started.timestamp() + attempt.milliseconds / 1000
        self.recent.tried(ended, accepted=attempt.outcome == "accepted")
        self._child(self._tries, channel, attempt.outcome).inc()
        self._child(self._seconds, channel).observe(attempt.milliseconds / 1000)

    def _child(self, metric: Any, *labels: str) -> Any:
        """A metric under its labels; looked up in a table of our own, in a tenth of the time of the library's."""
        key = (metric, *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = metric.labels(*labels)
        return found
