"""The judge: a receiver in a process of its own, which knows nothing of the hub but what it is sent.

    python -m benchmarks.notifying.judge SECRET

It imports nothing of Careloom. It verifies each signature by the text of Standard Webhooks, holds the numbers of each
subscription against 1, 2, 3 …, and a notification that comes again against the bytes it came with before. It prints
its port, then answers at three places of its own beside the hooks:

    POST /hook/NAME      takes a notification; NAME is the group that its time is counted in
    POST /dead/NAME      reads, and never answers
    POST /-/gate?open    opens the gate; while it is closed (/-/gate?shut) nobody is answered
    POST /-/anew         forgets the times
    GET  /-/report       what was found so far
    GET  /-/foci         what each subscription was told of, in the order of arrival, duplicates left out

The time of a delivery is from the event's own timestamp, which the hub takes before it commits, to the moment at which
the answer is written.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import orjson
import uvloop

ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(slots=True)
class Line:
    """What one subscription was sent."""

    last: int = 0
    found: dict[int, tuple[str, str]] = field(default_factory=dict)
    foci: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Judge:
    """All that was received.

    Attributes:
        key: Of the signatures.
        window: How many of the newest notifications of a subscription may come again, after a crash: one range whose
            record was under way, and the one that was being sent.
    """

    key: bytes
    window: int = 128
    lines: dict[str, Line] = field(default_factory=lambda: defaultdict(Line))
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first: float = 0.0
    latest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def take(self, group: str, headers: dict[bytes, bytes], body: bytes) -> None:
        """One notification."""
        now = time.time()
        self.counts["requests"] += 1
        self.first = self.first or now
        self.latest = now
        webhook_id = headers.get(b"webhook-id", b"").decode()
        if not self._is_signed(webhook_id, headers, body):
            self._fault("unsigned", webhook_id)
            return
        bundle = orjson.loads(body)
        said = _parameters(bundle)
        if said["type"] != "event-notification":
            self.counts[said["type"]] += 1
            return
        if bundle["id"] != webhook_id:
            self._fault("misnamed", webhook_id)
        self.counts["notifications"] += 1
        self._judge(self.lines[said["subscription"]], said["events"], webhook_id, body, group, now)

    def _judge(  # noqa: PLR0917  a notification has all of it
        self, line: Line, events: list[tuple[int, str, str]], webhook_id: str, body: bytes, group: str, now: float
    ) -> None:
        first, last = events[0][0], events[-1][0]
        if [number for number, _, _ in events] != list(range(first, last + 1)):
            self._fault("gaps", f"{webhook_id}: {first} to {last}, within")
        fresh = (webhook_id, hashlib.sha256(body).hexdigest())
        if last <= line.last:
            self.counts["duplicates"] += len(events)
            if first not in line.found:
                self._fault("repeated", f"{webhook_id}: {first} to {last}, seen to {line.last}")
            elif line.found[first] != fresh:
                self._fault("altered", f"{webhook_id}: {first} to {last}, seen to {line.last}")
            return
        if first > line.last + 1:
            self._fault("gaps", f"{webhook_id}: {first} after {line.last}")
        elif first <= line.last:
            self._fault("altered", f"{webhook_id}: {first} to {last} overlaps {line.last}")
        line.last = last
        line.found[first] = fresh
        while len(line.found) > self.window:
            line.found.pop(next(iter(line.found)))
        self.counts["events"] += len(events)
        line.foci += [focus for _, _, focus in events]
        self.times[group] += [now - datetime.fromisoformat(at).timestamp() for _, at, _ in events]

    def _is_signed(self, webhook_id: str, headers: dict[bytes, bytes], body: bytes) -> bool:
        signed = b".".join((webhook_id.encode(), headers.get(b"webhook-timestamp", b""), body))
        wanted = b"v1," + base64.b64encode(hmac.digest(self.key, signed, "sha256"))
        return any(hmac.compare_digest(wanted, each) for each in headers.get(b"webhook-signature", b"").split(b" "))

    def _fault(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        if len(self.faults) < 20:
            self.faults.append(f"{kind}: {text}")

    def report(self) -> dict[str, Any]:
        """What was found, times in milliseconds."""
        return {
            **self.counts,
            "lines": {each: line.last for each, line in self.lines.items()},
            "first": self.first,
            "latest": self.latest,
            "faults": self.faults,
            "times": {group: _quantiles(times) for group, times in self.times.items()},
        }


def _parameters(bundle: dict[str, Any]) -> dict[str, Any]:
    """What the first entry says: subscription, type, and number and time of each event."""
    said: dict[str, Any] = {"events": []}
    for one in bundle["entry"][0]["resource"]["parameter"]:
        match one["name"]:
            case "subscription":
                said["subscription"] = one["valueReference"]["reference"].rpartition("/")[2]
            case "type":
                said["type"] = one["valueCode"]
            case "notification-event":
                parts = {part["name"]: part for part in one["part"]}
                at = parts["timestamp"]["valueInstant"]
                focus = (
                    parts["focus"]["valueReference"]["reference"].rpartition("/fhir/")[2] if "focus" in parts else ""
                )
                said["events"].append((int(parts["event-number"]["valueString"]), at, focus))
    return said


def _quantiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    at = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    return {
        "count": len(ordered),
        **{name: 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in at.items()},
    }


class Connection(asyncio.Protocol):
    """HTTP/1.1 as bare as it gets, one request after the other."""

    open: asyncio.Event
    judge: Judge

    def __init__(self) -> None:
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As in the protocol."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """As in the protocol."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            method_and_path, *lines = bytes(self._data[:end]).split(b"\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
            length = end + 4 + int(headers.get(b"content-length", b"0"))
            if len(self._data) < length:
                return
            body = bytes(self._data[end + 4 : length])
            del self._data[:length]
            self._serve(method_and_path.split(b" ")[1].decode(), headers, body)

    def _serve(self, path: str, headers: dict[bytes, bytes], body: bytes) -> None:
        if path.startswith("/dead/"):
            self.judge.counts["unanswered"] += 1
        elif path.startswith("/hook/") and self.open.is_set():
            self.judge.take(path[6:], headers, body)
            self._write(ACCEPTED)
        elif path.startswith("/hook/"):
            self.judge.counts["waiting"] += 1
            asyncio.get_running_loop().create_task(self._later(path[6:], headers, body))
        else:
            self._write(self._answer(path))

    async def _later(self, group: str, headers: dict[bytes, bytes], body: bytes) -> None:
        await self.open.wait()
        if self._transport is not None and not self._transport.is_closing():
            self.judge.take(group, headers, body)
            self._write(ACCEPTED)

    def _answer(self, path: str) -> bytes:
        if path == "/-/gate?open":
            self.open.set()
        elif path == "/-/gate?shut":
            self.open.clear()
        elif path == "/-/anew":
            self.judge.times.clear()
            self.judge.first = 0.0
        asked: dict[str, Any] = {}
        if path == "/-/report":
            asked = self.judge.report()
        elif path == "/-/foci":
            asked = {id: line.foci for id, line in self.judge.lines.items()}
        found = json.dumps(asked).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(found) + found

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve(secret: str) -> None:
    """Judge until the process is ended."""
    Connection.open = asyncio.Event()
    Connection.open.set()
    Connection.judge = Judge(base64.b64decode(secret.removeprefix("whsec_")))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    await loop.create_server(Connection, "127.0.0.2", port, backlog=4096)  # what a sender takes for another host
    print(port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
