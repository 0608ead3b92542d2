import asyncio
import gc
import sys

import pytest
from tests.unit.conftest import USUAL

from careloom.model import interpreter
from careloom.model.interpreter import INTERVAL
from careloom.rest.interpreter import share_until_done

pytestmark = pytest.mark.usefixtures("usual_interval")


def is_shared() -> bool:
    return not gc.isenabled() and sys.getswitchinterval() == pytest.approx(INTERVAL, rel=0.1)


def is_usual() -> bool:
    return gc.isenabled() and sys.getswitchinterval() == pytest.approx(USUAL, rel=0.1)


async def ended(*tasks: "asyncio.Task[None]") -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


async def until(done: asyncio.Event) -> None:
    share_until_done()
    await done.wait()


async def test_it_is_shared_until_the_task_has_ended() -> None:
    done = asyncio.Event()
    task = asyncio.create_task(until(done))
    assert is_usual()
    await asyncio.sleep(0)
    assert is_shared()
    done.set()
    await ended(task)
    assert is_usual()


async def test_it_is_shared_until_the_last_of_several_has_ended() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(until(each)) for each in (first, second)]
    await asyncio.sleep(0)
    first.set()
    await ended(tasks[0])
    assert is_shared()
    second.set()
    await ended(tasks[1])
    assert is_usual()


async def test_who_asks_twice_ends_once() -> None:
    async def twice() -> None:
        share_until_done()
        share_until_done()

    await ended(asyncio.create_task(twice()))
    assert is_usual()


async def test_what_is_cancelled_or_fails_has_ended() -> None:
    async def failing() -> None:
        share_until_done()
        raise ValueError

    cancelled = asyncio.create_task(until(asyncio.Event()))
    await asyncio.sleep(0)
    cancelled.cancel()
    await ended(cancelled, asyncio.create_task(failing()))
    assert is_usual()


async def test_threads_that_hand_over_sooner_already_go_on_so() -> None:
    sooner = INTERVAL / 2
    sys.setswitchinterval(sooner)
    done = asyncio.Event()
    task = asyncio.create_task(until(done))
    await asyncio.sleep(0)
    assert sys.getswitchinterval() == pytest.approx(sooner, rel=0.1)
    done.set()
    await ended(task)


async def test_the_collector_looks_now_and_then_where_one_large_request_follows_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(interpreter, "LONGEST", 0.0)
    tasks = [asyncio.create_task(until(first))]
    await asyncio.sleep(0.001)
    assert is_shared()
    tasks.append(asyncio.create_task(until(second)))
    await asyncio.sleep(0)
    first.set()
    await ended(tasks[0])
    assert gc.isenabled(), "the second came too late to put it off"
    assert sys.getswitchinterval() == pytest.approx(INTERVAL, rel=0.1)
    second.set()
    await ended(tasks[1])
    assert is_usual()
