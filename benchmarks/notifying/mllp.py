"""ADT over MLLP: admissions, transfers and discharges of many patients by a few connections that do not wait.

Each message is decided, mapped, validated, indexed and audited, and acknowledged once all of it is durable. A sender
here has up to `UNDER_WAY` messages on their way, as an integration engine has; every acknowledgement is read, and one
that is not ``AA`` ends the benchmark.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.notifying.hubs import Receiver, telling_hub
from benchmarks.notifying.kills import free_port
from benchmarks.notifying.place import Place

CONNECTIONS = 4
UNDER_WAY = 48
PATIENTS = 500
EVENTS = ("A01", "A02", "A08", "A03")

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
    """Send the messages of many patients; those of a tenth as many before, which are not counted."""
    port = free_port()
    with telling_hub(at.folder, judge, at.url, at.database, SETTINGS.format(port=port)) as hub:
        asyncio.run(_send(port, 0, PATIENTS // 10))
        before, database, begun = hub.cpu(), hub.database_cpu(), time.monotonic()
        count = asyncio.run(_send(port, PATIENTS, PATIENTS))
        spent, took = hub.cpu() - before, time.monotonic() - begun
        apart = f", database {hub.database_cpu() - database:.1f} s" if at.database else ""
    return Found(count / spent, f"{count} messages, {count / took:.0f}/s on the wall{apart}")


async def _send(port: int, first: int, patients: int) -> int:
    """The messages of some patients, those of one in their order on one connection; how many they were."""
    share = patients // CONNECTIONS
    sent = await asyncio.gather(*(_converse(port, first + n * share, share) for n in range(CONNECTIONS)))
    return sum(sent)


async def _converse(port: int, first: int, patients: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    places = asyncio.Semaphore(UNDER_WAY)
    messages = list(_messages(first, patients))

    async def acknowledged() -> None:
        for _ in messages:
            answer = await reader.readuntil(_END)
            if b"MSA|AA" not in answer:
                raise SystemExit(f"MLLP: {answer.decode('utf-8', 'replace')}")
            places.release()

    reading = asyncio.create_task(acknowledged())
    for message in messages:
        await places.acquire()
        writer.write(_START + message + _END)
    await reading
    writer.close()
    return len(messages)


def _messages(first: int, patients: int) -> Iterator[bytes]:
    """Each event of all patients before the next, so that no two of one patient share a commit."""
    for hour, event in enumerate(EVENTS):
        for patient in range(first, first + patients):
            yield _message(event, patient, f"202611221{hour}1500")


def _message(event: str, patient: int, at: str) -> bytes:
    ward = f"W{patient % 12 + (event == 'A02')}^R{patient % 9}^B{patient % 5}^NORTH"
    lines = (
        rf"MSH|^~\&|MERIDIAN|NORTH|HUB|REGION|{at}||ADT^{event}|{event}-{patient}|P|2.5.1",
        f"EVN||{at}",
        f"PID|1||P-{patient}^^^ACUTE||Family{patient % 300}^Given{patient % 170}||19{patient % 90 + 10}0312|F",
        f"PV1|1|I|{ward}" + "|" * 16 + f"V-{patient}^^^ACUTE",
        "",
    )
    return "\r".join(lines).encode()
