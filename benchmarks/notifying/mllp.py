"""ADT over MLLP: what hospitals say of their patients in the course of a day, by connections that do not wait.

Each message is decided, mapped, validated, indexed and audited, and acknowledged once all of it is durable. A sender
here has up to `UNDER_WAY` messages on their way, as an integration engine has; every acknowledgement is read, and one
that is not ``AA``, or not of the message whose turn it is, ends the benchmark.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.notifying.hospital import Hospital
from benchmarks.notifying.hubs import Receiver, telling_hub
from benchmarks.notifying.place import Place
from benchmarks.notifying.record import opened

from careloom.connectathon.ports import free_port

CONNECTIONS = 16
UNDER_WAY = 16
PEOPLE = 60
MESSAGES = 300
WARMING_UP = 30
"""Messages of each connection that are not counted, after the registration of its people."""

SETTINGS = """
[[mllp]]
client = "acute-epr"
port = {port}
"""

_START, _END = b"\x0b", b"\x1c\r"


@dataclass(frozen=True, slots=True)
class Found:
    """What it came to.

    Attributes:
        rate: Messages in a processor second of the hub.
        more: For people.
    """

    rate: float
    more: str


def run(at: Place, judge: Receiver) -> Found:
    """Send what happens in some hospitals, once their people are on record."""
    port = free_port()
    hospitals = [Hospital(name, PEOPLE, seed=1) for name in range(CONNECTIONS)]
    warming_up = [[*each.register(), *each.messages(WARMING_UP)] for each in hospitals]
    counted = [list(each.messages(MESSAGES)) for each in hospitals]
    with telling_hub(at.folder, judge, at.url, at.database, SETTINGS.format(port=port)) as hub:
        asyncio.run(send(port, warming_up))
        before, database, begun, now = hub.cpu(), hub.database_cpu(), time.monotonic(), datetime.now(UTC)
        count = asyncio.run(send(port, counted))
        spent, took = hub.cpu() - before, time.monotonic() - begun
        apart = f", database {hub.database_cpu() - database:.1f} s" if at.database else ""
    written = asyncio.run(_written(at, now)) / count
    more = f"{count} messages, {written:.2f} resources written by each, {count / took:.0f}/s on the wall{apart}"
    return Found(count / spent, more)


async def send(port: int, conversations: Sequence[Sequence[bytes]]) -> int:
    """Send messages, those of each conversation in order by a connection of its own; how many were accepted."""
    return sum(await asyncio.gather(*(_converse(port, messages) for messages in conversations)))


async def _converse(port: int, messages: Sequence[bytes]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    places = asyncio.Semaphore(UNDER_WAY)

    async def acknowledged() -> None:
        for message in messages:
            answer = await reader.readuntil(_END)
            if b"\rMSA|AA|%b\r" % message.split(b"|", 10)[9] not in answer:
                raise SystemExit(f"MLLP: {answer.decode('utf-8', 'replace')}, to {message.decode()}")
            places.release()

    reading = asyncio.create_task(acknowledged())
    for message in messages:
        await places.acquire()
        writer.write(_START + message + _END)
    await reading
    writer.close()
    return len(messages)


async def _written(at: Place, since: datetime) -> int:
    """Versions of resources that were recorded since a moment, but for audit records."""
    count, after = 0, 0
    async with opened(at.folder) as repository:
        while changes := await repository.changes(after, 1_000):
            count += sum(change.recorded >= since for change in changes)
            after = changes[-1].sequence
    return count
