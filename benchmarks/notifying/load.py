"""Writers at a steady rate: each request is sent when it is due, whether or not those before it are answered."""

import asyncio
import time

from benchmarks.notifying.record import discharge
from benchmarks.serving.client import Client, connected
from benchmarks.serving.processes import Server

from careloom.model import serialize_json

CLIENTS = 24
"""At most, and no more than there are requests in a second: a hub hangs up on who is silent for long."""


async def writing(hub: Server, every_second: int, seconds: float) -> list[float]:
    """Record discharges, each by a request of its own; how long each answer took, in seconds."""
    answers: list[float] = []
    free: asyncio.Queue[Client] = asyncio.Queue()
    with connected(hub.base_url, hub.token(), min(CLIENTS, every_second)) as clients:
        for each in clients:
            free.put_nowait(each)
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(every_second * seconds)):
                await asyncio.sleep(max(0.0, begun + number / every_second - time.monotonic()))
                group.create_task(_write(number, free, answers))
    return answers


async def _write(number: int, free: "asyncio.Queue[Client]", answers: list[float]) -> None:
    due = time.monotonic()
    client = await free.get()
    try:
        await client.ask("POST", "Encounter", serialize_json(discharge(number)))
    finally:
        free.put_nowait(client)
    answers.append(time.monotonic() - due)
