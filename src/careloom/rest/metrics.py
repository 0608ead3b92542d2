"""What the hub counts, for Prometheus: how many requests, how they ended, how long they took.

Labels are words of the hub's own tables, never of a request: an address or an id would tell of patients, and would
make a time series of each. Several processes of one hub count together where ``PROMETHEUS_MULTIPROC_DIR`` names a
folder before the first of them starts.
"""

import os
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from careloom.model.records import dataclass, field

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(slots=True, eq=False)
class Metrics:
    """The figures of one hub."""

    _registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _requests: Counter = field(init=False)
    _seconds: Histogram = field(init=False)
    _waiting: Gauge = field(init=False)
    _folded: Counter = field(init=False)
    _counters: dict[tuple[str, str, int], Counter] = field(default_factory=dict)
    _histograms: dict[str, Histogram] = field(default_factory=dict)
    in_progress: int = 0

    def __post_init__(self) -> None:
        self._requests = Counter(
            "careloom_requests",
            "Requests that were answered",
            ("interaction", "type", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "careloom_request_seconds",
            "Seconds from the first byte of a request to its answer",
            ("interaction",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._waiting = Gauge(
            "careloom_requests_in_progress",
            "Requests in progress",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._folded = Counter(
            "careloom_refusals_folded",
            "Refusals of strangers that are recorded together with others",
            registry=self._registry,
        )

    @property
    def registry(self) -> CollectorRegistry:
        """Where others put what they count."""
        return self._registry

    def begin(self) -> None:
        """A request has come."""
        self.in_progress += 1
        self._waiting.inc()

    def end(self, interaction: str, type: str, status: int, seconds: float) -> None:
        """A request has been answered.

        Args:
            interaction: Its code in the table; empty where its address leads nowhere.
            type: Resource type in its address, one that the hub holds, or empty.
            status: HTTP status.
            seconds: How long it took.
        """
        self.in_progress -= 1
        self._waiting.dec()
        self._counter(interaction, type, status).inc()
        self._histogram(interaction).observe(seconds)

    def fold(self) -> None:
        """A stranger was refused, and that is recorded together with others."""
        self._folded.inc()

    def _counter(self, interaction: str, type: str, status: int) -> Counter:
        """The count for some labels, kept at hand: looking it up takes longer than counting."""
        found = self._counters.get((interaction, type, status))
        if found is None:
            found = self._counters[interaction, type, status] = self._requests.labels(interaction, type, str(status))
        return found

    def _histogram(self, interaction: str) -> Histogram:
        found = self._histograms.get(interaction)
        if found is None:
            found = self._histograms[interaction] = self._seconds.labels(interaction)
        return found

    def text(self) -> bytes:
        """All figures in the text format of Prometheus, of every process of the hub."""
        if _SHARED_FOLDER not in os.environ:
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # not typed there
        return generate_latest(shared)
