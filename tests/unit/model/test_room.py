"""Who makes room for whom, by a clock that stands still while work goes on."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

from careloom.model import room as rooms
from careloom.model.room import EXPECTED, ROOM, UNASKED, Room


class Rests(threading.Event):
    """Rests by a clock of its own, which stands still while work goes on."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now, self.rests = 1_000.0, list[float]()
        monkeypatch.setattr(room, "_is_free", self)
        monkeypatch.setattr("careloom.model.room.time", SimpleNamespace(monotonic=lambda: self.now))

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.rests.append(timeout)
        self.now += timeout
        return False


def test_nobody_rests_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    rests = Rests(room, monkeypatch)
    for _ in range(1_000):
        room.make()
    assert rests.rests == []


def test_large_work_rests_while_a_small_request_is_in_progress_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rest, work = 1 / 512, 1 / 256  # which add up without a remainder
    monkeypatch.setattr(rooms, "REST", rest)
    monkeypatch.setattr(rooms, "SLICE", work)
    room = Room()
    rests = Rests(room, monkeypatch)
    room.enter()
    for seconds in (0.0, work / 2, work):
        rests.now += seconds
        room.make()
        room.make()  # a slice of work is earned by then
    assert rests.rests == [rest, rest]


def test_large_work_goes_on_as_soon_as_the_last_small_request_is_answered() -> None:
    room = Room()
    room._rest_left = 30.0
    claims = [room.enter(), room.enter()]

    def leave() -> None:
        for each in claims:
            room.leave(each)

    threading.Timer(0.02, leave).start()
    started = time.monotonic()
    room.make()
    assert 0.01 < time.monotonic() - started < 20, "of the 30 seconds left, none are taken that nobody needs"


def test_who_has_left_or_is_large_counts_no_more() -> None:
    room = Room()
    claim = room.enter()
    room.leave(claim)
    room.leave(claim)
    assert room._small == 0 and room._is_free.is_set()


def test_items_come_as_they_are() -> None:
    assert list(Room().between("abc")) == ["a", "b", "c"]


async def test_only_large_requests_are_paced() -> None:
    items = [1, 2]
    claim = ROOM.enter()
    try:
        assert ROOM.paced(items) is items
        ROOM.claim_large()
        assert ROOM.paced(items) is not items
        assert await asyncio.to_thread(lambda: ROOM.is_for_large), "threads work for the request that began them"
        assert list(ROOM.paced(items)) == items
    finally:
        ROOM.leave(claim)
    assert ROOM._small == 0


async def test_large_work_on_the_event_loop_rests_until_the_small_request_is_answered() -> None:
    room = Room()
    await room.make_here()
    room._rest_left = 30.0
    claim = room.enter()
    asyncio.get_running_loop().call_later(0.02, room.leave, claim)
    started = time.monotonic()
    await room.make_here()
    assert 0.01 < time.monotonic() - started < 20


async def test_large_work_on_the_event_loop_does_not_rest_for_ever() -> None:
    room = Room()
    room.enter()
    room._rest_left = 0.001
    await room.make_here()
    assert room._works_until > time.monotonic() - 1
    assert not room._resting


async def test_who_gives_up_resting_is_not_waited_for() -> None:
    room = Room()
    room._rest_left = 30.0
    claim = room.enter()
    resting = asyncio.create_task(room.make_here())
    await asyncio.sleep(0)
    resting.cancel()
    await asyncio.gather(resting, return_exceptions=True)
    room.leave(claim)
    assert not room._resting


def test_the_interpreter_is_handed_over_now_and_then_while_small_requests_are_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    rests = Rests(room, monkeypatch)
    handed_over: list[float] = []
    monkeypatch.setattr(rooms, "hand_over", lambda: handed_over.append(rests.now))

    def work(seconds: float) -> int:
        """How often it is handed over meanwhile."""
        handed_over.clear()
        until = rests.now + seconds
        while rests.now < until:
            room.make()
            rests.now += UNASKED / 4
        return len(handed_over)

    assert work(1.0) == 0, "nobody has come yet"
    room.leave(room.enter())
    assert 7 <= work(10 * UNASKED) <= 11
    rests.now += EXPECTED
    assert work(1.0) == 0
    room.enter()
    assert work(10 * UNASKED) == 0, "it rests instead"
