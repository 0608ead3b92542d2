"""Kills at random moments, while discharges are written and told.

On SQLite there is one hub, which writes, matches and delivers. On PostgreSQL there are two: one of them matches, both
deliver, and discharges are written to either. One of the subscribers is told by a broker. Each round kills one of the
hubs, the database or the broker, by SIGKILL, at a random moment, and starts it again. (Of the database a backend is
killed, upon which the server ends all connections and recovers from its log, as after any crash.)

What was acknowledged must be told to every subscriber, once but for duplicates of what was in flight, and to all of
them in the same order. The judge sees to numbers, signatures and bytes.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg
from benchmarks.notifying.broker import ENDPOINT, Broker
from benchmarks.notifying.hubs import Receiver, told_settings
from benchmarks.notifying.place import Place
from benchmarks.notifying.record import discharge, opened, published, subscription, with_subscriptions
from benchmarks.serving.client import Client, RefusedError
from benchmarks.serving.processes import settle

from careloom.connectathon.ports import free_port
from careloom.governance import PrivateKey, token_form
from careloom.model import parse_json, serialize_json

BATCHES = (1, 1, 10, 10)
"""How many events each of the subscribers takes in a notification, the one behind the broker apart."""

START_SECONDS = 120
WRITTEN_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of all rounds.

    Attributes:
        lost: Acknowledged discharges that some subscriber was not told of.
        victims: What was killed, for people.
        found: As the judge reports.
        more: For people.
    """

    lost: int
    victims: str
    found: dict[str, Any]
    more: str


@dataclass(slots=True)
class Hub:
    """One hub, which may be dead."""

    file: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    async def start(self) -> None:
        """Start it, and return when it serves."""
        with self.file.with_suffix(".log").open("ab") as log:
            command = [sys.executable, "-m", "careloom", "serve", "--settings", str(self.file)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except OSError as error:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError(self.file.with_suffix(".log").read_text()[-3000:]) from error
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Writing:
    """Discharges, written to whichever hub answers.

    Attributes:
        acknowledged: ``Encounter/id`` of those that a hub has said are recorded.
    """

    hubs: list[Hub]
    base_url: str
    key: PrivateKey
    acknowledged: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Write until cancelled."""
        number = 0
        clients: dict[int, Client] = {}
        while True:
            await asyncio.sleep(WRITTEN_EVERY)
            hub = self.hubs[number % len(self.hubs)]
            number += 1
            try:
                client = clients.get(hub.port) or clients.setdefault(hub.port, await self._client(hub))
                answer = await client.ask("POST", "Encounter", serialize_json(discharge(number)))
                self.acknowledged.append(f"Encounter/{parse_json(answer)['id']}")
            except (OSError, EOFError, RefusedError):
                if former := clients.pop(hub.port, None):
                    former.close()

    async def _client(self, hub: Hub) -> Client:
        """A client with a token, at a hub that may not be where its addresses say."""
        form = token_form(
            self.key,
            client="acute-epr",
            token_url=f"{self.base_url}/auth/token",
            scope="system/*.cruds",
            now=datetime.now(UTC),
            purpose="TREAT",
        )
        address = f"http://127.0.0.1:{hub.port}/fhir"
        token = await asyncio.to_thread(_token, f"{address}/auth/token", urlencode(form).encode())
        return Client(address, {"Authorization": f"Bearer {token}"})


def _token(url: str, form: bytes) -> str:
    with urlopen(url, form, timeout=10) as answer:
        token: str = json.load(answer)["access_token"]
        return token


def run(at: Place, judge: Receiver, rounds: int, seed: int) -> Outcome:
    """All rounds, and what the judge says of them."""
    return asyncio.run(_run(at, judge, rounds, random.Random(seed)))


async def _run(at: Place, judge: Receiver, rounds: int, chance: random.Random) -> Outcome:
    broker = Broker(at.folder / "broker")
    hubs, base_url, key = _settled(at, judge, 2 if at.url else 1, broker.settings)
    async with opened(at.folder) as repository:
        wanted = [subscription(f"{judge.address}/hook/all", most=most) for most in BATCHES]
        ids = await with_subscriptions(repository, [*wanted, published(ENDPOINT)])
    writing, struck = Writing(hubs, base_url, key), Counter[str]()
    async with _alive([broker, *hubs]), _task(broker.hand_on(judge)):
        async with _task(writing.run()):
            await _until(lambda: len(writing.acknowledged) >= 10)
            for _ in range(rounds):
                struck[await _strike(at, hubs, broker, chance)] += 1
                written = len(writing.acknowledged)
                await _until(lambda written=written: len(writing.acknowledged) > written + 2)
        expected = set(writing.acknowledged)
        told = await _all_told(judge, ids, expected)
    lost = sum(len(expected - set(told.get(id, ()))) for id in ids)
    _require_one_order([told.get(id, []) for id in ids], judge.report()["faults"])
    found = judge.report()
    more = f"{len(expected)} acknowledged, {found['events']} events to {len(ids)} subscribers, "
    more += f"{found.get('duplicates', 0)} duplicates of what was in flight, 0 gaps, 0 reordered, 0 altered"
    return Outcome(lost, " and ".join(f"{name} ({struck[name]})" for name in sorted(struck)), found, more)


async def _strike(at: Place, hubs: list[Hub], broker: Broker, chance: random.Random) -> str:
    """Kill one, at a random moment, and start it again; which it was."""
    await asyncio.sleep(chance.uniform(0.0, 0.5))
    victim = chance.randrange(len(hubs) + 1 + bool(at.url))
    if victim > len(hubs):
        await asyncio.to_thread(_kill_backend, at.url)
        return "database"
    struck = hubs[victim] if victim < len(hubs) else broker
    struck.kill()
    await asyncio.sleep(chance.choice((0.0, 0.2)))
    await struck.start()
    return "broker" if struck is broker else "hub"


def _kill_backend(url: str) -> None:
    """Kill the process of a connection of the hubs, which the server takes for a crash."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "ORDER BY random() LIMIT 1"
        ).fetchone()
    if row is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(row[0], signal.SIGKILL)


async def _all_told(judge: Receiver, ids: list[str], expected: set[str]) -> dict[str, list[str]]:
    """What each was told of, once all were told of everything that was acknowledged, and of the same number."""
    until = time.monotonic() + 120
    while True:
        told = await asyncio.to_thread(judge.foci)
        is_done = all(expected <= set(told.get(id, ())) for id in ids) and len({len(told[id]) for id in ids}) == 1
        if is_done or time.monotonic() > until:
            return told
        await asyncio.sleep(0.2)


def _require_one_order(told: list[list[str]], faults: list[str]) -> None:
    """Stop where two were told in different orders; who was told less counts as lost."""
    longest = max(told, key=len)
    for each in told:
        for number, (one, other) in enumerate(zip(each, longest, strict=False), start=1):
            if one != other:
                raise SystemExit(f"told in different orders from event {number} on: {one} and {other}; {faults}")


def _settled(at: Place, judge: Receiver, number: int, more: str) -> tuple[list[Hub], str, PrivateKey]:
    """Settings of hubs that share a record and a base address, which stays the same over restarts."""
    key = settle(at.folder, at.url, told_settings(judge) + more)
    text = (at.folder / "careloom.toml").read_text()
    ports = [free_port() for _ in range(number)]
    base_url = f"http://127.0.0.1:{ports[0]}/fhir"
    text = text.replace('base_url = "http://127.0.0.1/fhir"', f'base_url = "{base_url}"')
    hubs = []
    for port in ports:
        file = at.folder / f"hub-{port}.toml"
        file.write_text(text.replace("port = 0", f"port = {port}"))
        hubs.append(Hub(file, port))
    return hubs, base_url, key


async def _until(is_so: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError("nothing is written any more")
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _alive(processes: Sequence[Hub | Broker]) -> AsyncIterator[None]:
    """All of them serve, for as long as the context lasts."""
    try:
        for each in processes:
            await each.start()
        yield
    finally:
        for each in processes:
            each.kill()


@asynccontextmanager
async def _task(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
