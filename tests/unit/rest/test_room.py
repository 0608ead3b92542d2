import asyncio
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.unit.rest.counter import send
from tests.unit.rest.desk import Desk, entry, patient, transaction

from careloom.model.json import serialize_json
from careloom.rest import receiving
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.room import REST, ROOM, SLICE, Room
from careloom.rest.routes import Routes


class Rests(threading.Event):
    """Rests by a clock of its own, which stands still while work goes on."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now, self.rests = 1_000.0, list[float]()
        monkeypatch.setattr(room, "_is_free", self)
        monkeypatch.setattr("careloom.rest.room.time", SimpleNamespace(monotonic=lambda: self.now))

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
    room = Room()
    rests = Rests(room, monkeypatch)
    room.enter()
    for work in (0.0, SLICE / 2, SLICE):
        rests.now += work
        room.make()
        room.make()  # a slice of work is earned by then
    assert rests.rests == [REST, REST]


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


async def test_a_request_counts_until_it_is_answered(desk: Desk) -> None:
    seen: list[int] = []

    async def look(request: FhirRequest, hub: Hub) -> FhirResponse:
        seen.append(ROOM._small)
        return FhirResponse(200)

    rows = Routes([Interaction("read", "GET", "{type}/{id}", look)], {"Patient"})
    before = ROOM._small
    await send(desk.with_hub(routes=rows), "GET", "/Patient/1")
    assert (seen, ROOM._small) == ([before + 1], before)


async def test_a_large_bundle_is_recorded_as_any_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "LARGE", 100)
    entries = [entry("PUT", f"Patient/{number}", patient(id=str(number))) for number in range(20)]
    hub = desk.with_hub(limits=replace(desk.hub.limits, entries=20))
    sent = serialize_json(transaction(*entries))
    answer = await send(hub, "POST", "/", sent, content_type="application/fhir+json")
    assert answer.status == 200
    assert len(await desk.all("Patient")) == 20
    assert ROOM._small == 0
