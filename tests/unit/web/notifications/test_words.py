"""States and times in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from careloom.notify.console import Detail, LaneState, Overview, Standing, Totals, Try
from careloom.notify.recent import Point
from careloom.web.notifications.words import (
    asked_of,
    clock_of,
    outcome_mark,
    range_of,
    seconds_of,
    state_mark,
    telling_mark,
    track_of,
    until_of,
    why_no_replay,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACTIVE = Standing("1", "active", channel="rest-hook", lane=LaneState(last_number=3))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "—"),
        (0.0, "0 ms"),
        (0.00123, "1.2 ms"),
        (0.0123, "12 ms"),
        (0.9999, "1 s"),
        (1.25, "1.2 s"),
        (90, "1.5 min"),
        (7200, "2 h"),
        (3 * 86400, "3 d"),
    ],
)
def test_a_span_is_told_in_the_unit_that_suits_it(seconds: float | None, told: str) -> None:
    assert told == seconds_of(seconds)


def test_a_moment_of_another_day_has_its_date() -> None:
    assert ("12:00:00", "21 Nov 2026, 12:00:00", "—") == (
        clock_of(NOW, NOW),
        clock_of(NOW - timedelta(days=1), NOW),
        clock_of(None, NOW),
    )


def test_what_is_to_come_is_told_with_how_long_that_is() -> None:
    assert ("in 12 s", "", "") == (
        until_of(NOW + timedelta(seconds=12), NOW),
        until_of(NOW, NOW),
        until_of(None, NOW),
    )


def test_one_that_is_active_and_fails_is_in_trouble() -> None:
    failing = replace(ACTIVE, lane=LaneState(failing_since=NOW))
    assert ["Active", "Failing", "Cannot be served", "Error"] == [
        state_mark(each).text
        for each in (ACTIVE, failing, replace(ACTIVE, problem="no topic"), replace(ACTIVE, status="error"))
    ]


def test_outcomes_differ_by_shape_and_text_and_not_by_colour_alone() -> None:
    kinds = ("accepted", "retry", "rejected", "gone")
    marks = [outcome_mark(Try(1, 1, 1, NOW, 5, kind, 0)) for kind in kinds]
    assert len({(mark.shape, mark.text) for mark in marks}) == len(kinds)
    assert "503 Failed" == outcome_mark(Try(1, 1, 1, NOW, 5, "retry", 503)).text


@pytest.mark.parametrize(
    ("overview", "told"),
    [
        (Overview(Totals(active=1)), "Another process notifies"),
        (Overview(Totals(active=1), is_notifying=True), "Telling"),
        (Overview(Totals(active=1, error=2), is_notifying=True), "2 in error"),
        (Overview(Totals(), is_notifying=True, last_minute=Point(0, 60, tries=3, failed=1)), "Some tries fail"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_whole_is_told_by_what_is_worst(overview: Overview, told: str) -> None:
    assert told == telling_mark(overview).text


def test_ranges_are_told_by_their_numbers() -> None:
    assert ("none", "7", "7 to 9", "1,000 to 2,000") == (
        range_of(0, 0),
        range_of(7, 7),
        range_of(7, 9),
        range_of(1000, 2000),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1-2", "events 1 to 2"),
        ("3-3", "event 3"),
        ("-", "all events"),
        ("4-", "events 4 to the newest"),
        ("-4", "events from the oldest to 4"),
        ("", ""),
        ("your money", ""),
        ("1-2<b>", ""),
    ],
)
def test_what_was_asked_for_is_told_and_nothing_that_somebody_wrote_into_a_link(text: str, told: str) -> None:
    assert told == asked_of(text)


def test_a_lane_is_a_bar_whose_parts_are_seen_however_small_they_are() -> None:
    lane = LaneState(last_number=100_000, delivered_to=99_990, waiting=10, inflight_from=99_991, inflight_to=99_991)
    track = track_of(lane)
    assert track.inflight > 5
    assert track.waiting > 5
    assert track.delivered + track.inflight + track.waiting == pytest.approx(1000, abs=0.5)
    assert "99,990 events delivered, 1 being sent, 9 waiting behind them" == track.spoken
    assert "no events yet" == track_of(LaneState()).spoken


def test_why_nothing_can_be_told_again_is_said() -> None:
    def why(**changes: object) -> str:
        return why_no_replay(Detail(replace(ACTIVE, **changes), may_replay=True))  # type: ignore[arg-type]  # of fields

    assert "" == why()
    assert "opens the line again" in why(channel="websocket")
    assert "while a subscription is active" in why(status="error")
    assert "no events yet" in why(lane=LaneState())
    assert "lets you look" in why_no_replay(Detail(ACTIVE))
