import asyncio
import math
import time
from typing import Any

import pytest

from careloom.rest.deadline import DeadlineError, within


async def _gives(value: Any) -> Any:
    return value


async def _waits(future: "asyncio.Future[Any]") -> Any:
    first = await future
    await asyncio.sleep(0)
    return first


async def test_work_that_waits_for_nothing_is_done_even_after_its_time() -> None:
    assert await within(_gives("done"), -math.inf) == "done"


async def test_work_that_waits_gives_what_it_waited_for() -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, "came")
    assert await within(_waits(future), time.monotonic() + 60) == "came"


async def test_work_that_waits_too_long_is_given_up_and_told_so() -> None:
    seen: list[BaseException] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            seen.append(error)
            raise

    with pytest.raises(DeadlineError):
        await within(work(), time.monotonic())
    assert len(seen) == 1


@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "after waiting"])
async def test_error_of_the_work_is_raised_as_it_is(is_late: bool) -> None:
    async def work() -> None:
        if is_late:
            await asyncio.sleep(0)
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await within(work(), time.monotonic() + 60)


async def test_error_of_what_is_waited_for_reaches_the_work() -> None:
    future = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except LookupError:
            return "caught"
        return "nothing to catch"

    asyncio.get_running_loop().call_soon(future.set_exception, LookupError())
    assert await within(work(), time.monotonic() + 60) == "caught"


async def test_cancellation_from_outside_is_none_of_the_deadline() -> None:
    task = asyncio.create_task(within(asyncio.sleep(60), time.monotonic() + 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
