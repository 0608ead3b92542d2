"""Receivers that do what no receiver should, and what the record says after: each record there is says the same."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.contract.stores import SteppingClock
from tests.contract.telling import Gate, channel, delivered, telling
from tests.contract.test_troubles_of_processes import status
from tests.integration.test_rest_hook import (
    LOOPBACK,
    Behave,
    answering,
    closes,
    drips,
    endless_headers,
    http,
    receiving,
    says_nothing,
)
from tests.patience import becomes
from tests.unit.notify.test_notifier import Rules, discharge, numbers, subscribe

from careloom.model import parse_json
from careloom.notify import STANDARD_TOPICS, Notifier, RestHook, Terms, TopicRegistry, replays
from careloom.notify.extensions import MAX_COUNT, ON_POISON, TIMEOUT
from careloom.notify.rest_hook import Outcome
from careloom.search import SearchParameters
from careloom.store import Replay, Repository

NO_CONTENT: Final = http("204 No Content")


@pytest.fixture(scope="session")
def topics(registry: SearchParameters) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, registry)


class Odd:
    """A receiver over HTTP that behaves oddly at its first event, and afterwards as it should.

    Attributes:
        bodies: Of all notifications of events that it has read, the odd one's first.
    """

    def __init__(self, behave: Behave, *, times: int = 1) -> None:
        self._behave = behave
        self._left = times
        self.bodies: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            if b"notification-event" in body:
                self.bodies.append(body)
                if self._left:
                    self._left -= 1
                    again = asyncio.StreamReader()
                    again.feed_data(head + body)
                    await self._behave(again, writer)
                    return
            writer.write(NO_CONTENT)
            await writer.drain()


@asynccontextmanager
async def odd_place(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock, odd: Odd, rules: Rules
) -> AsyncIterator[tuple[Notifier, str]]:
    """A notifier that tells over HTTP, and an odd receiver's endpoint."""
    hook = RestHook(LOOPBACK, clock=clock, timeout=2.0)
    terms = Terms(endpoints=LOOPBACK)
    async with receiving(odd) as url, telling(repository, topics, hook, rules, clock, terms=terms) as notifier:
        yield notifier, url
    await hook.close()


async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What was sent is read, and never answered."""
    writer.transport.abort()


async def head_by_the_byte(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in http("200 OK"):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


BOMB = http("200 OK", "Content-Encoding: gzip", body=gzip.compress(bytes(50_000_000)))


@pytest.mark.parametrize(
    ("behave", "outcome"),
    [
        pytest.param(
            answering(http("200 OK", body=b'{"error": "no"}')), ("accepted", 200), id="200-with-an-error-body"
        ),
        pytest.param(answering(NO_CONTENT), ("accepted", 204), id="204"),
        pytest.param(answering(http("302 Found", "Location: http://127.0.0.1:1/in")), ("retry", 302), id="redirect"),
        pytest.param(answering(http("401 Unauthorized")), ("retry", 401), id="401"),
        pytest.param(answering(http("500 Broken", body=b"no")), ("retry", 500), id="500"),
        pytest.param(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + NO_CONTENT), ("accepted", 204), id="100-continue"),
        pytest.param(answering(BOMB), ("accepted", 200), id="gzip-bomb"),
        pytest.param(drips, ("accepted", 200), id="body-one-byte-at-a-time"),
        pytest.param(head_by_the_byte, ("retry", 0), id="head-one-byte-a-second"),
        pytest.param(endless_headers, ("retry", 0), id="endless-headers"),
        pytest.param(closes, ("retry", 0), id="closes"),
        pytest.param(dies, ("retry", 0), id="accepts-then-dies"),
        pytest.param(says_nothing, ("retry", 0), id="says-nothing"),
    ],
)
async def test_what_a_receiver_does_costs_one_try_and_what_is_behind_it_is_told(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock, behave: Behave, outcome: tuple[str, int]
) -> None:
    odd, rules = Odd(behave, times=2 if behave in (closes, dies) else 1), Rules()  # a kept connection has two
    async with odd_place(repository, topics, clock, odd, rules) as (notifier, url):
        one_second = channel(endpoint=url, extension=[{"url": TIMEOUT, "valueUnsignedInt": 1}])
        id = await subscribe(repository, notifier, channel=one_second)
        await discharge(repository, "e1")
        await discharge(repository, "e2")
        await delivered(repository, id, 2)
    tries = [each for each in reversed(await repository.events.attempts(id, 10)) if each.first]
    afterwards = [("accepted", 204)] * (1 if outcome[0] == "accepted" else 2)
    assert [outcome, *afterwards] == [(each.outcome, each.code) for each in tries]
    assert ["Encounter/e1", "Encounter/e2"] == rules.told, "each is on record once"
    if outcome[0] == "retry":
        assert 1 == len({odd.bodies[0], *odd.bodies[:-1]}) and tries[0].body_hash == tries[1].body_hash


@pytest.mark.parametrize("after", ["30", "Sun, 22 Nov 2026 12:00:30 GMT"], ids=["seconds", "date"])
async def test_a_pause_that_is_asked_for_is_on_record_and_kept_by_the_next_start(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock, after: str
) -> None:
    busy, rules = Odd(answering(http("429 Too Many Requests", f"Retry-After: {after}"))), Rules()
    hook = RestHook(LOOPBACK, clock=clock)
    async with receiving(busy) as url:
        async with telling(repository, topics, hook, rules, clock, terms=Terms(endpoints=LOOPBACK)) as notifier:
            id = await subscribe(repository, notifier, channel=channel(endpoint=url))
            await discharge(repository, "e1")
            await becomes(lambda: bool(busy.bodies))
            await asyncio.sleep(0.1)
        cursor = await repository.events.cursor(id)
        assert (clock.now + timedelta(seconds=30), 1, "HTTP 429") == (cursor.next_at, cursor.attempt, cursor.error)
        async with telling(repository, topics, hook, rules, clock, terms=Terms(endpoints=LOOPBACK)):
            await asyncio.sleep(0.1)
            assert 1 == len(busy.bodies)
        clock.step(seconds=30)
        async with telling(repository, topics, hook, rules, clock, terms=Terms(endpoints=LOOPBACK)):
            await becomes(lambda: rules.told == ["Encounter/e1"])
    await hook.close()
    assert busy.bodies[0] == busy.bodies[1]


async def test_who_is_gone_is_told_no_more_and_the_subscription_is_off(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gone, rules = Odd(answering(http("410 Gone")), times=9), Rules()
    async with odd_place(repository, topics, clock, gone, rules) as (notifier, url):
        id = await subscribe(repository, notifier, channel=channel(endpoint=url))
        await discharge(repository, "e1")
        await becomes(lambda: bool(gone.bodies))
        await discharge(repository, "e2")
        await asyncio.sleep(0.2)
    current = await repository.read("Subscription", id)
    assert current is not None and current.resource is not None
    assert ("off", "410" in current.resource["error"]) == (current.resource["status"], True)
    assert ("off", 0) == ((cursor := await repository.events.cursor(id)).status, cursor.delivered_to)
    assert (1, []) == (len(gone.bodies), rules.told)


class Picky(Gate):
    """Takes nothing that tells of one focus, with a status of its own."""

    def __init__(self, poison: str, code: int) -> None:
        super().__init__()
        self._poison, self._code, self.is_open = poison.encode(), code, True

    async def send(self, endpoint: str, body: bytes, **more: Any) -> Outcome:
        if self._poison and self._poison in body:
            return Outcome("rejected", self._code, f"HTTP {self._code}")
        return await super().send(endpoint, body, **more)

    def relent(self) -> None:
        """Take it, too, from now on."""
        self._poison = b""


@pytest.mark.parametrize("code", [413, 422])
async def test_one_event_that_is_refused_is_put_aside_and_told_again_when_asked_for(
    repository: Repository,
    topics: TopicRegistry,
    clock: SteppingClock,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replays, "LOOK_EVERY", 0.01)
    picky, rules = Picky("Encounter/e3", code), Rules()
    wishes = [{"url": MAX_COUNT, "valuePositiveInt": 4}, {"url": ON_POISON, "valueCode": "dead-letter"}]
    async with telling(repository, topics, picky, rules, clock) as notifier:
        id = await subscribe(repository, notifier, channel=channel(extension=wishes))
        for number in range(1, 6):
            await discharge(repository, f"e{number}")
        await becomes(lambda: "Encounter/e5" in rules.told)
        [letter] = await repository.events.dead_letters(id)
        assert (3, f"HTTP {code}") == (letter.number, letter.reason)
        assert [1, 2, 3, 4, 5] == sorted({int(each) for _, bundle in picky.sent for each in numbers(bundle)})
        picky.relent()
        await repository.events.save_replay(Replay("r1", id, 3, 3, "", "gp-system", clock.now, 2))
        await becomes(lambda: rules.told[-1] == "Encounter/e3")
        await delivered(repository, id, 5)
    assert "Encounter/e3" in str(picky.sent[-1][1]) and ["3"] == numbers(picky.sent[-1][1])


async def test_what_was_accepted_by_one_who_died_then_comes_again_byte_by_byte_after_a_start(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    class Dying(Gate):
        async def send(self, endpoint: str, body: bytes, **more: Any) -> Outcome:
            outcome = await super().send(endpoint, body, **more)
            return outcome if b"notification-event" not in body else Outcome("retry", 0, "closed by the other side")

    dying, gate, rules = Dying(), Gate(), Rules()
    dying.is_open = gate.is_open = True
    wishes = [{"url": MAX_COUNT, "valuePositiveInt": 10}]
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier, channel=channel(extension=wishes))
        await status(repository, id, "active")
    for number in range(1, 4):
        await discharge(repository, f"e{number}")
    async with telling(repository, topics, dying, rules, clock):
        await becomes(lambda: len(dying.accepted) > 1)
    await discharge(repository, "e4")  # which would fit into the same notification
    async with telling(repository, topics, gate, rules, clock):
        await delivered(repository, id, 4)
    assert dying.accepted[0] == gate.accepted[1]
    told = [numbers(parse_json(body)) for _, body in gate.accepted[1:]]
    assert ([["1", "2", "3"], ["4"]], 4) == (told, len(rules.told))
