"""What every event log promises, see `careloom.store.events`."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.stores import SteppingClock

from careloom.store import (
    Attempt,
    Cursor,
    DeadLetter,
    EventLog,
    LaneStart,
    LeaseLostError,
    Match,
    Replay,
    SubscriptionEvent,
)
from careloom.store.events import ReplayStatus

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def match(subscription: str, sequence: int) -> Match:
    topic = "https://careloom.example/SubscriptionTopic/discharge"
    return Match(subscription, sequence, topic, f"Encounter/{sequence}", "1", NOON)


def attempt(number: int, **more: object) -> Attempt:
    return Attempt("a", 1, 2, number, NOON, 12, "retry", 503, "00ff", **more)  # type: ignore[arg-type]


async def test_a_new_log_is_empty(events: EventLog) -> None:
    assert await events.matched_to() == 0
    assert await events.pending("a", 10) == []
    assert await events.last_number("a") == 0
    assert await events.cursor("a") == Cursor("a")
    assert await events.attempts("a", 10) == []
    recovery = await events.recover()
    assert (recovery.matched_to, recovery.lanes) == (0, ())


async def test_a_change_is_told_to_very_many(events: EventLog) -> None:
    names = [f"s{number}" for number in range(150)]
    await events.record_matches(5, [match(name, 5) for name in names[:70]])
    told = await events.record_matches(7, [match(name, sequence) for sequence in (5, 7) for name in names])
    assert [(each.subscription, each.number) for each in told] == [
        *((name, 1) for name in names[70:]),
        *((name, 2) for name in names),
    ]
    assert [each.sequence for each in await events.events("s0", 1, 9)] == [5, 7]


async def test_events_are_numbered_per_subscription(events: EventLog) -> None:
    first = await events.record_matches(7, [match("a", 5), match("b", 5), match("a", 7)])
    second = await events.record_matches(9, [match("b", 9), match("a", 9)])
    assert [(each.subscription, each.number, each.sequence) for each in first + second] == [
        ("a", 1, 5),
        ("b", 1, 5),
        ("a", 2, 7),
        ("b", 2, 9),
        ("a", 3, 9),
    ]
    assert await events.matched_to() == 9
    assert await events.last_number("a") == 3
    topic = "https://careloom.example/SubscriptionTopic/discharge"
    assert (await events.pending("b", 1)) == [SubscriptionEvent("b", 1, 5, topic, "Encounter/5", "1", NOON)]


async def test_matching_the_same_changes_again_changes_nothing(events: EventLog) -> None:
    await events.record_matches(7, [match("a", 5), match("a", 7)])
    assert await events.record_matches(7, [match("a", 5), match("a", 7)]) == []
    [new] = await events.record_matches(9, [match("a", 7), match("a", 9)])
    assert new.number == 3
    assert [each.number for each in await events.pending("a", 10)] == [1, 2, 3]


async def test_a_change_that_comes_late_or_twice_at_once_is_numbered_once(events: EventLog) -> None:
    await events.record_matches(7, [match("a", 5), match("a", 7)])
    new = await events.record_matches(9, [match("a", 9), match("a", 6), match("a", 9), match("a", 6), match("a", 5)])
    assert [(3, 9), (4, 6)] == [(each.number, each.sequence) for each in new]
    assert [5, 7, 9, 6] == [each.sequence for each in await events.pending("a", 10)]


async def test_the_position_never_goes_back(events: EventLog) -> None:
    await events.record_matches(9, [])
    await events.record_matches(4, [])
    assert await events.matched_to() == 9


async def test_numbers_stay_dense_when_matches_come_at_once(events: EventLog) -> None:
    await asyncio.gather(*(events.record_matches(n, [match("a", n), match("b", n)]) for n in range(1, 41)))
    assert [each.number for each in await events.pending("a", 100)] == list(range(1, 41))
    assert sorted(each.sequence for each in await events.pending("b", 100)) == list(range(1, 41))


async def test_what_is_delivered_is_pending_no_more(events: EventLog) -> None:
    await events.record_matches(9, [match("a", n) for n in range(1, 8)])
    await events.save_cursor(Cursor("a", delivered_to=3))
    assert [each.number for each in await events.pending("a", 2)] == [4, 5]
    assert [each.number for each in await events.events("a", 2, 4)] == [2, 3, 4]


async def test_a_cursor_is_kept_with_all_it_says(events: EventLog) -> None:
    later = NOON + timedelta(hours=1)
    cursor = Cursor("a", 3, 4, 6, 2, later, "error", NOON, NOON - timedelta(days=1), "503 Service Unavailable")
    await events.save_cursor(Cursor("a", status="active"))
    await events.save_cursor(cursor)
    await events.save_cursor(Cursor("b"))
    assert await events.cursor("a") == cursor
    assert await events.cursor("b") == Cursor("b")


async def test_attempts_are_told_newest_first(events: EventLog) -> None:
    for number in range(1, 6):
        await events.record_attempts([attempt(number, detail="connection refused")])
    await events.record_attempts([Attempt("b", 0, 0, 1, NOON, 3, "accepted", 200, "")])
    assert await events.attempts("a", 3) == [attempt(number, detail="connection refused") for number in (5, 4, 3)]


async def test_an_attempt_moves_the_cursor_with_it(events: EventLog) -> None:
    moved = Cursor("a", delivered_to=2, status="active", last_sent=NOON)
    await events.record_attempts([attempt(1)], moved)
    assert await events.cursor("a") == moved
    assert await events.attempts("a", 1) == [attempt(1)]


async def test_recovery_tells_positions_and_what_is_pending(events: EventLog) -> None:
    await events.record_matches(9, [match("a", 1), match("a", 2), match("c", 2)])
    moved = Cursor("a", delivered_to=1, inflight_from=2, inflight_to=2, attempt=1)
    await events.save_cursor(moved)
    await events.save_cursor(Cursor("b", status="off"))
    recovery = await events.recover()
    assert recovery.matched_to == 9
    assert recovery.lanes == (LaneStart(moved, 2), LaneStart(Cursor("b", status="off"), 0), LaneStart(Cursor("c"), 1))
    assert [lane.pending for lane in recovery.lanes] == [1, 0, 1]


async def test_an_event_keeps_whom_it_tells_of_and_what_happened(events: EventLog) -> None:
    told = dataclasses.replace(match("a", 5), patient="Patient/1", interaction="delete")
    [new] = await events.record_matches(5, [told])
    assert [new] == await events.events("a", 1, 1)
    assert (new.patient, new.interaction) == ("Patient/1", "delete")


async def test_what_is_put_aside_is_recorded_with_the_attempt_that_shows_why(events: EventLog) -> None:
    letters = [DeadLetter("a", number, "HTTP 413", NOON) for number in (7, 9)]
    await events.record_attempts([attempt(1)], Cursor("a", delivered_to=9), letters)
    assert await events.dead_letters("a") == letters
    assert await events.dead_letters("a", 8, 20) == letters[1:]
    assert await events.dead_letters("b") == []
    assert (await events.cursor("a")).delivered_to == 9


async def test_a_replay_is_open_until_it_is_over(events: EventLog) -> None:
    first = Replay("r2", "a", 3, 9, "", "gp-system", NOON, 2)
    other = Replay("r1", "b", 1, 1, "https://gp.example/other", "gp-system", NOON + timedelta(seconds=1), 0)
    for each in (other, first):
        await events.save_replay(each)
    assert await events.open_replays() == [first, other]
    done = dataclasses.replace(first, delivered_to=9, status="done")
    await events.save_replay(done)
    assert await events.open_replays() == [other]
    assert await events.replays("a") == [done]


async def test_old_events_go_and_the_numbers_go_on(events: EventLog) -> None:
    old = [dataclasses.replace(match("a", n), recorded=NOON - timedelta(days=40)) for n in (1, 2, 3)]
    await events.record_matches(6, [*old, match("a", 4), match("a", 5), match("a", 6)])
    await events.record_attempts([dataclasses.replace(attempt(1), started=NOON - timedelta(days=40))])
    await events.record_attempts([attempt(2)], None, [DeadLetter("a", 2, "HTTP 413", NOON)])
    assert await events.prune("a", NOON - timedelta(days=30), 1_000_000) == 3
    assert (await events.first_number("a"), await events.last_number("a")) == (4, 6)
    assert await events.dead_letters("a") == []
    assert await events.attempts("a", 9) == [attempt(2)]
    assert await events.prune("a", NOON - timedelta(days=30), 2) == 1
    assert await events.prune("a", NOON + timedelta(days=1), 1) == 1
    [new] = await events.record_matches(7, [match("a", 7)])
    assert (new.number, await events.first_number("a")) == (7, 6)
    assert await events.prune("b", NOON, 1) == 0
    assert await events.first_number("b") == 0


async def test_old_replays_that_are_over_go_unless_they_told_what_is_put_aside(events: EventLog) -> None:
    def replay(id: str, subscription: str = "a", *, days: int = 40, status: ReplayStatus = "done") -> Replay:
        return Replay(id, subscription, 3, 9, "", "gp-system", NOON - timedelta(days=days), 9, status)

    stay = [replay("open", status="open"), replay("young", days=20), replay("of-a-dead-letter", "b")]
    for each in (*stay, replay("done"), replay("failed", status="failed"), replay("of-another", "c")):
        await events.save_replay(each)
    await events.record_attempts([attempt(1)], None, [DeadLetter("b", 9, "", NOON), DeadLetter("c", 10, "", NOON)])
    await events.prune_replays(NOON - timedelta(days=30))
    held = [each for id in ("a", "b", "c") for each in await events.replays(id)]
    assert held == stay


async def test_who_has_lost_the_lease_writes_nothing_more(events: EventLog) -> None:
    lease = await events.take_lease("notify", "first", 0.0)
    assert lease is not None
    held = events.under(lease)
    await held.record_matches(3, [match("a", 3)])
    await held.save_cursor(Cursor("a", delivered_to=1))
    await asyncio.sleep(0.002)
    if isinstance(clock := getattr(events, "_clock", None), SteppingClock):
        clock.step(seconds=1)
    taken = await events.take_lease("notify", "second", 60.0)
    assert taken is not None and taken.fence > lease.fence
    with pytest.raises(LeaseLostError):
        await held.save_cursor(Cursor("a", delivered_to=0))
    with pytest.raises(LeaseLostError):
        await held.record_matches(4, [match("a", 4)])
    with pytest.raises(LeaseLostError):
        await held.record_attempts([attempt(1)])
    with pytest.raises(LeaseLostError):
        await held.prune_replays(NOON)
    assert (await events.cursor("a")).delivered_to == 1
    assert (await held.matched_to(), await events.last_number("a")) == (3, 1)
    await events.under(taken).save_cursor(Cursor("a", delivered_to=2))


async def test_a_lease_is_taken_by_one_holder_and_prolonged_by_it(events: EventLog) -> None:
    first = await events.take_lease("lanes", "a", 60)
    assert first is not None
    assert await events.take_lease("lanes", "b", 60) is None
    again = await events.take_lease("lanes", "a", 120)
    assert again is not None
    assert (again.fence, again.until > first.until) == (first.fence, True)
    assert await events.take_lease("other", "b", 60) is not None


async def test_a_lease_that_was_left_is_taken_under_a_greater_fence(events: EventLog) -> None:
    first = await events.take_lease("lanes", "a", 60)
    assert first is not None
    await events.leave_lease(first)
    second = await events.take_lease("lanes", "b", 60)
    assert second is not None
    assert second.fence > first.fence
    await events.leave_lease(first)
    assert await events.take_lease("lanes", "c", 60) is None, "who has lost a lease cannot give it away"


async def test_several_leases_are_taken_at_once_as_far_as_they_are_free(events: EventLog) -> None:
    first = await events.take_leases(["lanes 1", "lanes 2"], "a", 60)
    assert [("lanes 1", 1), ("lanes 2", 1)] == [(each.name, each.fence) for each in first]
    second = await events.take_leases(["lanes 2", "lanes 3"], "b", 60)
    assert ["lanes 3"] == [each.name for each in second]
    assert [1, 1] == [each.fence for each in await events.take_leases(["lanes 1", "lanes 2"], "a", 60)]


async def test_who_holds_a_lease_of_a_kind_is_told_as_long_as_it_lasts(events: EventLog) -> None:
    await events.take_leases(["process a"], "a", 60)
    [left] = await events.take_leases(["process b"], "b", 60)
    await events.take_leases(["other"], "c", 60)
    assert ["a", "b"] == await events.lease_holders("process ")
    await events.leave_lease(left)
    assert ["a"] == await events.lease_holders("process ")


async def test_what_was_numbered_after_a_change_is_told_by_subscription(events: EventLog) -> None:
    await events.record_matches(7, [match("a", 5), match("b", 6), match("a", 7)])
    assert (7, {"a": 2, "b": 1}) == await events.newest_after(0)
    assert (7, {"a": 2}) == await events.newest_after(6)
    assert (7, {}) == await events.newest_after(7)


async def test_several_attempts_are_recorded_in_their_order(events: EventLog) -> None:
    await events.record_attempts([attempt(1), attempt(2), attempt(3)], Cursor("a", delivered_to=3))
    assert [3, 2, 1] == [each.attempt for each in await events.attempts("a", 10)]
    assert 3 == (await events.cursor("a")).delivered_to
