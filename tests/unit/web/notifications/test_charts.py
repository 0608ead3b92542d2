"""Where things go in the charts, and what is said of them."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from careloom.notify.console import Try
from careloom.notify.recent import Point
from careloom.web.notifications.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    latency_chart,
    rate_chart,
    tries_chart,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def a_point(slot: int, **counts: float) -> Point:
    return Point(start=slot * 5.0, seconds=5.0, **counts)  # type: ignore[arg-type]  # whole numbers where they belong


def test_the_highest_bar_stays_below_the_top_and_all_stand_on_the_floor() -> None:
    chart = rate_chart([a_point(0, told=10), a_point(1), a_point(2, told=35)])
    assert [HEIGHT - BOTTOM] * 2 == [bar.y + bar.height for bar in chart.bars]
    low, high = chart.bars
    assert high.height == pytest.approx(3.5 * low.height, rel=0.01)
    assert min(bar.y for bar in chart.bars) >= TOP
    assert ["0", "5", "10"] == [tick.text for tick in chart.up]


def test_a_slot_with_failures_has_a_cross_that_says_how_many() -> None:
    chart = rate_chart([a_point(0, told=1, tries=3, failed=2), a_point(1, told=1, tries=1)])
    [cross] = chart.dots
    assert ("cross", "2 of 3 tries failed") == (cross.shape, cross.text)
    assert "2 tries failed" in chart.spoken


def test_nothing_told_is_a_chart_all_the_same() -> None:
    for chart in (rate_chart([a_point(0), a_point(1)]), latency_chart([a_point(0), a_point(1)]), latency_chart([])):
        assert not chart.bars
        assert not chart.dots
        assert chart.up


def test_ten_times_as_long_is_as_far_up_at_each_power_of_ten() -> None:
    chart = latency_chart([a_point(0, told=1, p50=0.01, p99=0.1), a_point(1, told=1, p50=0.1, p99=1.0)])
    half = [dot.y for dot in chart.dots if dot.shape == "circle"]
    nearly = [dot.y for dot in chart.dots if dot.shape == "square"]
    assert half[0] - half[1] == pytest.approx(nearly[0] - nearly[1], abs=0.2)
    assert half[1] == pytest.approx(nearly[0], abs=0.2)
    assert ["10 ms", "100 ms", "1 s"] == [tick.text for tick in chart.up]
    assert "99 in a hundred took 1 s" in chart.spoken


def test_a_line_is_broken_where_nothing_was_told_for_long() -> None:
    points = [a_point(slot, told=1, p50=0.01, p99=0.02) if slot in (0, 1, 9) else a_point(slot) for slot in range(10)]
    line = next(line for line in latency_chart(points).lines if line.name == "p50")
    assert 2 == len(re.findall("M", line.path))
    assert 1 == len(re.findall("L", line.path))


@pytest.mark.parametrize("seconds", [0.0, 0.0004, 0.5, 3600.0, 400_000.0])
def test_every_latency_is_within_the_drawing(seconds: float) -> None:
    for dot in latency_chart([a_point(0, told=1, p50=seconds, p99=seconds)]).dots:
        assert TOP <= dot.y <= HEIGHT - BOTTOM
        assert LEFT <= dot.x <= WIDTH - RIGHT


def test_tries_are_drawn_in_their_order_and_handshakes_are_not() -> None:
    def a_try(number: int, outcome: str = "accepted", since: float | None = 0.02) -> Try:
        return Try(number, number, 1, NOW + timedelta(seconds=number), 5, outcome, 200, "", since)

    shown = [a_try(3), a_try(2, "retry", None), a_try(1), Try(0, 0, 1, NOW, 5, "accepted", 200)]
    chart = tries_chart(shown)
    assert chart
    assert ["circle", "cross", "circle"] == [dot.shape for dot in chart.dots]
    assert sorted(dot.x for dot in chart.dots) == [dot.x for dot in chart.dots]
    assert ["12:00:01", "12:00:03"] == [tick.text for tick in chart.across]
    assert None is tries_chart(shown[3:])
