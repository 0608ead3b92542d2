"""Charts as drawings: where each bar, line and label goes, in units of the drawing; the browser scales it.

A value is never told by colour alone: lines differ by their dashes and marks, failures are crosses, and what a chart
shows stands beside it in words and in a table.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from careloom.model.records import dataclass
from careloom.notify.console import Try
from careloom.notify.recent import Point
from careloom.web.notifications.words import seconds_of

WIDTH: Final = 640.0
HEIGHT: Final = 200.0
LEFT: Final = 52.0
RIGHT: Final = 12.0
TOP: Final = 22.0
BOTTOM: Final = 26.0

_NICE: Final = (1.0, 2.0, 5.0, 10.0)
_LEAST_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis with what stands there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from the bottom up."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark: ``circle``, ``square`` or ``cross``, with what a pointer is told of it."""

    x: float
    y: float
    shape: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through values, broken where there is none."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing.

    Attributes:
        across: Ticks of the time axis.
        up: Ticks of the other one.
        spoken: What it shows, as a sentence.
    """

    spoken: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()

    @property
    def floor(self) -> float:
        """Where the time axis runs."""
        return HEIGHT - BOTTOM


def rate_chart(points: Sequence[Point]) -> Chart:
    """How many events were told each second, slot by slot, and in which slots tries failed."""
    most = _nice(max((point.rate for point in points), default=0.0))
    width = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    bars = []
    for index, point in enumerate(points):
        height = (HEIGHT - TOP - BOTTOM) * point.rate / most
        if height:
            bars.append(Bar(_r(LEFT + index * width + 0.5), _r(HEIGHT - BOTTOM - height), _r(width - 1), _r(height)))
    crosses = tuple(
        Dot(_r(LEFT + (index + 0.5) * width), TOP - 10, "cross", f"{point.failed} of {point.tries} tries failed")
        for index, point in enumerate(points)
        if point.failed
    )
    told, failed = sum(point.told for point in points), sum(point.failed for point in points)
    return Chart(
        spoken=f"Events told each second over ten minutes: {told:,} in all, {most:g} a second at the top of the chart; "
        f"{failed:,} tries failed.",
        across=_minutes(points),
        up=tuple(Tick(_r(_height(part)), f"{most * part:g}") for part in (0.0, 0.5, 1.0)),
        bars=tuple(bars),
        dots=crosses,
    )


def latency_chart(points: Sequence[Point]) -> Chart:
    """How long it took from commit to acceptance, for half of the events and for 99 in a hundred."""
    values = [value for point in points for value in (point.p50, point.p99) if value is not None]
    up, place = _logarithmic(values)
    width = (WIDTH - LEFT - RIGHT) / max(1, len(points))

    def across(index: int) -> float:
        return LEFT + (index + 0.5) * width

    half = [(across(index), place(point.p50)) for index, point in enumerate(points) if point.p50 is not None]
    nearly = [(across(index), place(point.p99)) for index, point in enumerate(points) if point.p99 is not None]
    worst = max((point.p99 for point in points if point.p99 is not None), default=None)
    spoken = f"at the slowest, 99 in a hundred took {seconds_of(worst)}" if worst is not None else "nothing was told"
    return Chart(
        spoken=f"Time from commit to the receiver's acceptance over ten minutes: {spoken}.",
        across=_minutes(points),
        up=up,
        lines=(Line(_path(nearly, 3 * width), "p99"), Line(_path(half, 3 * width), "p50")),
        dots=(
            *(Dot(_r(x), _r(y), "square") for x, y in nearly),
            *(Dot(_r(x), _r(y), "circle") for x, y in half),
        ),
    )


def tries_chart(tries: Sequence[Try]) -> Chart | None:
    """The tries of a subscription in their order: how long after the commit each was accepted, and which failed."""
    shown = [each for each in reversed(tries) if each.since_commit is not None or not each.is_accepted]
    if not shown:
        return None
    up, place = _logarithmic([each.since_commit for each in shown if each.since_commit is not None])
    width = (WIDTH - LEFT - RIGHT) / len(shown)
    dots = []
    for index, each in enumerate(shown):
        x = _r(LEFT + (index + 0.5) * width)
        if each.since_commit is None:
            dots.append(Dot(x, TOP - 10, "cross", each.detail or each.outcome))
        else:
            text = f"event {each.last}: {seconds_of(each.since_commit)}"
            dots.append(Dot(x, _r(place(each.since_commit)), "circle", text))
    failed = sum(each.since_commit is None for each in shown)
    first, last = shown[0].started, shown[-1].started
    return Chart(
        spoken=f"The last {len(shown)} tries in their order, with the time from commit to acceptance; {failed} failed.",
        across=(Tick(LEFT, f"{first:%H:%M:%S}"), Tick(WIDTH - RIGHT, f"{last:%H:%M:%S}")),
        up=up,
        dots=tuple(dots),
    )


def _logarithmic(values: Sequence[float]) -> tuple[tuple[Tick, ...], Callable[[float], float]]:
    """Ticks at powers of ten around some seconds, and where a value goes between them."""
    low = math.floor(math.log10(max(_LEAST_SECONDS, min(values, default=_LEAST_SECONDS))))
    high = max(low + 2, math.ceil(math.log10(max((_LEAST_SECONDS, *values)))))

    def place(seconds: float) -> float:
        part = (math.log10(max(seconds, 10.0**low)) - low) / (high - low)
        return _height(min(1.0, part))

    step = 1 if high - low <= 4 else 2
    exponents = range(low, high + 1, step)
    return tuple(Tick(_r(place(10.0**each)), seconds_of(10.0**each)) for each in exponents), place


def _minutes(points: Sequence[Point]) -> tuple[Tick, ...]:
    if not points:
        return ()
    ends = points[-1].start + points[-1].seconds
    middle = (points[0].start + ends) / 2
    times = (
        (LEFT, points[0].start),
        ((LEFT + WIDTH - RIGHT) / 2, middle),
        (WIDTH - RIGHT, ends),
    )
    return tuple(Tick(_r(at), f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S}") for at, moment in times)


def _path(places: Sequence[tuple[float, float]], most: float) -> str:
    """A line through places, broken where two are further apart than it may reach."""
    drawn, before = [], -math.inf
    for x, y in places:
        drawn.append(f"{'L' if x - before <= most else 'M'}{_r(x)} {_r(y)}")
        before = x
    return " ".join(drawn)


def _height(part: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - part)


def _nice(most: float) -> float:
    """A round number that is at least as large."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next((power * each for each in _NICE if power * each >= most * 0.999), power * 10)


def _r(value: float) -> float:
    return round(value, 1)
