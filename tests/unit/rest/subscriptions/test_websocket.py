"""A websocket tells everything in order, and closes rather than fall silent."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.patience import PATIENCE
from tests.unit.rest.desk import NOW
from tests.unit.rest.subscriptions.ward import DISCHARGE, Ward

from careloom.model.errors import UnavailableError
from careloom.notify.extensions import HEARTBEAT
from careloom.notify.subscriptions import Subscription
from careloom.notify.websocket import Bound, ClosedError, Parts, serve_websocket

ADMISSION = DISCHARGE.replace("discharge", "admission")


class Line:
    """A connection on which one message is sent, and what is told is kept."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[str] = asyncio.Queue()
        self.messages.put_nowait("bind-with-token t 0")
        self.heard: list[tuple[str, list[int]]] = []
        self.is_gone = False

    async def receive(self) -> str:
        return await self.messages.get()

    async def send(self, text: str) -> None:
        if self.is_gone:
            raise ClosedError
        parameters = json.loads(text)["entry"][0]["resource"]["parameter"]
        kind = next(one["valueCode"] for one in parameters if one["name"] == "type")
        events = [one["part"][0]["valueString"] for one in parameters if one["name"] == "notification-event"]
        self.heard.append((kind, [int(each) for each in events]))

    async def has_heard(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)


def parts_of(ward: Ward, *ids: str) -> Parts:
    async def redeem(token: str) -> Bound:
        return Bound("acute-epr", ids)

    return ward.parts(redeem)


async def test_events_of_another_topic_in_between_are_told_in_their_place(ward: Ward) -> None:
    many = {"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-max-count"}
    id = await ward.subscribe(type="websocket", endpoint=None, extension=[many | {"valuePositiveInt": 10}])
    for number, topic in enumerate((DISCHARGE, ADMISSION, DISCHARGE)):
        await ward.happen(id, await ward.stay(f"e{number}"), topic=topic)
    line = Line()
    serving = asyncio.create_task(serve_websocket(line, parts_of(ward, id)))
    await line.has_heard(4)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert [("handshake", []), *(("event-notification", [number]) for number in (1, 2, 3))] == line.heard


async def test_a_connection_on_which_nothing_is_told_any_more_is_closed(ward: Ward) -> None:
    first, second = [await ward.subscribe(type="websocket", endpoint=None) for _ in range(2)]
    line = Line()
    serving = asyncio.create_task(serve_websocket(line, parts_of(ward, first, second)))
    await line.has_heard(2)
    await ward.delete(first)
    await asyncio.sleep(0.6)
    assert not serving.done()
    await ward.delete(second)
    assert "no subscription is told here any more" == await asyncio.wait_for(serving, PATIENCE)


async def test_a_connection_whose_telling_is_interrupted_is_closed_and_says_so(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await ward.subscribe(type="websocket", endpoint=None)
    line = Line()

    async def fails(subscription: Subscription, told: object) -> None:
        raise UnavailableError("the record does not answer")

    parts = replace(parts_of(ward, id), disclosed=fails)
    serving = asyncio.create_task(serve_websocket(line, parts))
    await line.has_heard(1)
    await ward.happen(id, await ward.stay("e1"))
    assert "interrupted" in await asyncio.wait_for(serving, PATIENCE)
    assert [("handshake", [])] == line.heard


async def test_who_has_gone_is_told_no_reason(ward: Ward) -> None:
    id = await ward.subscribe(type="websocket", endpoint=None)
    line = Line()
    line.is_gone = True

    async def gone() -> str:
        if line.messages.empty():
            raise ClosedError
        return await line.messages.get()

    line.receive = gone  # type: ignore[method-assign]
    assert "" == await asyncio.wait_for(serve_websocket(line, parts_of(ward, id)), PATIENCE)


async def test_what_is_not_bound_in_time_is_closed(ward: Ward) -> None:
    line = Line()
    line.messages.get_nowait()
    assert "nothing was bound in time" == await serve_websocket(line, parts_of(ward), unbound_seconds=0.01)


async def test_a_clock_that_is_set_back_breaks_no_heartbeat(ward: Ward) -> None:
    period = {"url": HEARTBEAT, "valueUnsignedInt": 60}
    id = await ward.subscribe(type="websocket", endpoint=None, extension=[period])
    line, now = Line(), NOW
    parts = replace(parts_of(ward, id), clock=lambda: now)
    serving = asyncio.create_task(serve_websocket(line, parts))
    await line.has_heard(1)
    now = NOW - timedelta(days=365)
    await line.has_heard(2)
    await asyncio.sleep(0.05)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert [("handshake", []), ("heartbeat", [])] == line.heard
