import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.patience import becomes

from careloom.model.errors import UnavailableError
from careloom.notify import duty as duties
from careloom.notify.duty import Duty
from careloom.notify.tenure import Tenure
from careloom.store.leases import Lease
from careloom.store.memory_events import MemoryEventLog


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Notifier:
    running = 0

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.is_running = False

    async def start(self) -> None:
        self.is_running = True
        Notifier.running += 1
        assert Notifier.running == 1, "two notify at once"

    async def stop(self) -> None:
        self.is_running = False
        Notifier.running -= 1


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    Notifier.running = 0
    monkeypatch.setattr(duties, "PROLONGED_EVERY", 0.01)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(clock: Clock) -> MemoryEventLog:
    return MemoryEventLog(clock)


async def test_a_notifier_that_cannot_start_is_started_at_a_later_look(events: MemoryEventLog) -> None:
    class Hesitant(Notifier):
        tries = 0

        async def start(self) -> None:
            Hesitant.tries += 1
            if Hesitant.tries == 1:
                raise UnavailableError("the database is not there yet")
            await super().start()

    duty = Duty(events, "one", Hesitant)
    with pytest.raises(UnavailableError):
        await duty._look()
    assert Notifier.running == 0
    await duty.start()
    assert duty.is_on
    assert Notifier.running == 1
    await duty.stop()


async def test_one_of_two_processes_notifies_and_the_other_takes_over(events: MemoryEventLog) -> None:
    first, second = Duty(events, "a", Notifier), Duty(events, "b", Notifier)
    await first.start()
    await second.start()
    assert (first.is_on, second.is_on) == (True, False)
    await asyncio.sleep(0.05)
    assert (first.is_on, second.is_on) == (True, False)
    await first.stop()
    await becomes(lambda: second.is_on)
    await second.stop()
    assert Notifier.running == 0


async def test_a_process_that_died_is_followed_when_its_lease_is_over(events: MemoryEventLog, clock: Clock) -> None:
    await events.take_lease("notify", "dead", 10)
    living = Duty(events, "b", Notifier)
    await living.start()
    await asyncio.sleep(0.05)
    assert not living.is_on
    clock.now += timedelta(seconds=11)
    await becomes(lambda: living.is_on)
    await living.stop()


async def test_who_has_lost_the_lease_stops(events: MemoryEventLog, clock: Clock) -> None:
    first = Duty(events, "a", Notifier)
    await first.start()
    clock.now += timedelta(seconds=11)
    assert await events.take_lease("notify", "b", 10) is not None
    await becomes(lambda: not first.is_on)
    await first.stop()
    assert await events.take_lease("notify", "c", 10) is None, "a lease of another was let go"


async def test_the_time_of_the_lease_is_counted_from_the_question(
    events: MemoryEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, prolonged, take = list[float](), list[float](), events.take_lease

    async def slowly(name: str, holder: str, seconds: float) -> Lease | None:
        asked.append(time.monotonic())
        await asyncio.sleep(0.1)
        return await take(name, holder, seconds)

    tenure = Tenure()
    monkeypatch.setattr(events, "take_lease", slowly)
    monkeypatch.setattr(tenure, "prolonged", lambda since, seconds: prolonged.append(since))
    duty = Duty(events, "a", Notifier, tenure)
    await duty.start()
    assert prolonged[0] <= asked[0]
    assert duty._ends <= asked[0] + duties.SECONDS
    await duty.stop()


async def test_who_cannot_prolong_stops_before_the_end(events: MemoryEventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "SECONDS", 20.0)
    monkeypatch.setattr(duties, "MARGIN", 19.7)
    first = Duty(events, "a", Notifier)
    await first.start()
    began = asyncio.get_running_loop().time()

    async def away(name: str, holder: str, seconds: float) -> Lease | None:
        raise UnavailableError("away")

    monkeypatch.setattr(events, "take_lease", away)
    await becomes(lambda: not first.is_on)
    assert 0.1 < asyncio.get_running_loop().time() - began < 20, "the lease may be another's by now"
    await first.stop()


async def test_a_store_that_does_not_answer_is_not_waited_for_beyond_the_lease(
    events: MemoryEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "SECONDS", 0.3)
    monkeypatch.setattr(duties, "MARGIN", 0.1)
    first = Duty(events, "a", Notifier)
    await first.start()

    async def hanging(name: str, holder: str, seconds: float) -> Lease | None:
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(events, "take_lease", hanging)
    await becomes(lambda: not first.is_on)
    await first.stop()
