"""What has become of dead letters, by what the event log says, on every database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from careloom.notify.console import put_aside
from careloom.store import Attempt, DeadLetter, EventLog, Replay

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
ORDER = Replay("r1", "a", 2, 4, "https://b.example/hook", "gp-system", LATER, 3)


async def refuse(events: EventLog, *numbers: int, at: datetime = NOON) -> None:
    attempt = Attempt("a", numbers[0], numbers[-1], 1, at, 7, "rejected", 422, "00", "HTTP 422")
    await events.record_attempts([attempt], None, [DeadLetter("a", number, "HTTP 422", at) for number in numbers])


async def open_numbers(events: EventLog) -> list[int]:
    return [each.number for each in await put_aside("a", events) if each.is_open]


async def test_what_a_replay_has_come_past_was_told_and_what_it_has_not_is_open(events: EventLog) -> None:
    await refuse(events, 1, 2, 4)
    await events.save_replay(ORDER)
    assert [1, 4] == await open_numbers(events)
    [told] = [each for each in await put_aside("a", events) if not each.is_open]
    assert (2, "r1", LATER, "https://b.example/hook") == (told.number, told.replay, told.replayed, told.endpoint)
    await events.save_replay(replace(ORDER, delivered_to=4, status="done"))
    assert [1] == await open_numbers(events)


async def test_what_is_open_comes_first(events: EventLog) -> None:
    await refuse(events, 2, 5)
    await events.save_replay(ORDER)
    assert [5, 2] == [each.number for each in await put_aside("a", events)]


async def test_a_replay_that_is_given_up_has_told_what_it_came_past(events: EventLog) -> None:
    await refuse(events, 2, 3, 4)
    await events.save_replay(replace(ORDER, status="failed", error="given up"))
    assert [4] == await open_numbers(events)


async def test_what_is_put_aside_after_a_replay_is_open_again(events: EventLog) -> None:
    await events.save_replay(replace(ORDER, delivered_to=4, status="done"))
    await refuse(events, 3, at=LATER + timedelta(minutes=1))
    assert [3] == await open_numbers(events)


async def test_the_latest_replay_is_the_one_that_is_told(events: EventLog) -> None:
    await refuse(events, 2)
    await events.save_replay(ORDER)
    await events.save_replay(replace(ORDER, id="r2", endpoint="", recorded=LATER + timedelta(minutes=1)))
    [told] = await put_aside("a", events)
    assert ("r2", "") == (told.replay, told.endpoint)
