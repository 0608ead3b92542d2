"""Who makes room for whom, by a clock that stands still while work goes on."""

import asyncio
import threading
import time
from contextvars import Context
from types import SimpleNamespace

import pytest

from careloom.model import room as rooms
from careloom.model.room import EXPECTED, REST, ROOM, SLICE, UNASKED, Room


class Rests(threading.Event):
    """Rests by a clock of its own, which stands still while work goes on."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now, self.rests, self.is_soon_over = 1_000.0, list[float](), False
        monkeypatch.setattr(room, "_is_free", self)
        monkeypatch.setattr("careloom.model.room.time", SimpleNamespace(monotonic=lambda: self.now))

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.rests.append(timeout)
        self.now += timeout
        return self.is_soon_over


def test_nobody_rests_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    rests = Rests(room, monkeypatch)
    for _ in range(1_000):
        room.make()
    assert rests.rests == []


def test_large_work_rests_while_a_small_request_is_in_progress_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    rests = Rests(room, monkeypatch)
    room.enter()
    for seconds in (0.0, SLICE / 2, SLICE):
        rests.now += seconds
        room.make()
        room.make()  # a slice of work is earned by then
    assert rests.rests == [REST, REST]


def test_a_rest_that_was_shorter_earns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    rests = Rests(room, monkeypatch)
    rests.is_soon_over = True
    room.enter()
    for _ in range(3):
        room.make()
    assert len(rests.rests) == 3


def test_nobody_rests_for_those_who_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.enter()
    with room.at_disk(1):
        assert room._is_free.is_set()
        rests = Rests(room, monkeypatch)
        room.make()
        assert rests.rests == []
        room.enter()
        room.make()
        assert len(rests.rests) == 1, "for the one who has just come"
    assert not rests.is_set()


def test_who_waits_for_the_disk_is_let_in_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    handed_over: list[int] = []
    monkeypatch.setattr(rooms, "hand_over", lambda: handed_over.append(1))
    room.leave(room.enter())
    room.enter()
    with room.at_disk(1):
        room.open_door()
    assert handed_over


def test_large_work_goes_on_as_soon_as_the_last_small_request_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "REST", 30.0)
    room = Room()
    claims = [room.enter(), room.enter()]

    def leave() -> None:
        for each in claims:
            room.leave(each)

    threading.Timer(0.02, leave).start()
    started = time.monotonic()
    room.make()
    assert 0.01 < time.monotonic() - started < 20, "of the 30 seconds, none are taken that nobody needs"


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


def test_a_thread_is_told_that_what_it_does_is_large() -> None:
    def told() -> tuple[bool, bool]:
        return ROOM.large(lambda: ROOM.is_for_large), ROOM.is_for_large

    assert Context().run(told) == (True, False)


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
