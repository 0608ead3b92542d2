"""What the notifier counts."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from tests.unit.notify.lanes import START, Desk, Receiver, Time, a_lane, a_log, rejected, run_until

from careloom.notify.metrics import NotifyMetrics
from careloom.notify.notification import Told
from careloom.store import Attempt


async def test_events_are_counted_with_the_time_since_their_commit_and_what_is_withheld_is_not() -> None:
    registry = CollectorRegistry()
    metrics = NotifyMetrics(registry)
    events = await (await a_log(3)).events("gp", 1, 3)
    told = [Told(events[0]), Told(events[1], "denied"), Told(events[2])]
    metrics.told("rest-hook", told, START + timedelta(milliseconds=40))
    labels = {"channel": "rest-hook"}
    assert 2 == registry.get_sample_value("careloom_notified_events_total", labels)
    assert 0.08 == pytest.approx(registry.get_sample_value("careloom_notified_seconds_sum", labels))
    assert 2 == metrics.recent.summary(START.timestamp() + 60).told


def test_tries_are_counted_by_their_outcome() -> None:
    registry = CollectorRegistry()
    metrics = NotifyMetrics(registry)
    for outcome in ("accepted", "retry", "retry"):
        metrics.tried("rest-hook", Attempt("gp", 1, 1, 1, START, 1500, outcome, 0, "00"))
    counted = {
        outcome: registry.get_sample_value(
            "careloom_notification_tries_total", {"channel": "rest-hook", "outcome": outcome}
        )
        for outcome in ("accepted", "retry")
    }
    assert {"accepted": 1, "retry": 2} == counted
    assert (3, 2) == (
        metrics.recent.summary(START.timestamp() + 30).tries,
        metrics.recent.summary(START.timestamp() + 30).failed,
    )


async def test_a_lane_has_each_of_its_tries_counted() -> None:
    log, receiver, time = await a_log(2), Receiver(rejected(503)), Time()
    desk = Desk(log)
    await run_until(a_lane(log, receiver, desk, time), lambda: desk.heard == [1, 2])
    assert ["rejected", "accepted", "accepted"] == desk.tries
