"""Processes that take part: hubs with subscribers, and the judge."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.serving.processes import Server, hub

from careloom.notify import new_secret

TOLD = """
[notify]
allow_endpoints = ["127.0.0.1", "127.0.0.2"]
retry_base = {base}
retry_ceiling = {ceiling}

[[organisations]]
id = "gp"
name = "High Street Surgery"

[[clients]]
id = "gp-system"
organisation = "gp"
jwks = "acute-epr.jwks.json"
scopes = ["system/*.crs"]
webhook_secret = "{secret}"

[[agreements]]
id = "told"
title = "The surgery is told of discharges"
parties = ["acute", "gp"]
interactions = ["create", "read", "search"]
types = ["*"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2099-01-01
grantees = ["gp"]
"""


@dataclass(frozen=True, slots=True)
class Receiver:
    """The judge as the benchmark reaches it.

    Attributes:
        address: Its own, without a path.
        secret: What notifications to it are signed with.
        process: Its number.
    """

    address: str
    secret: str
    process: int

    def gate(self, is_open: bool) -> None:
        """Have it answer, or answer nobody."""
        self._ask("gate?open" if is_open else "gate?shut")

    def report(self) -> dict[str, Any]:
        """What it has found."""
        found: dict[str, Any] = self._ask("report")
        return found

    def foci(self) -> dict[str, list[str]]:
        """What each subscription was told of, in the order of arrival."""
        found: dict[str, list[str]] = self._ask("foci")
        return found

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Have it take a notification that came another way."""
        urlopen(Request(f"{self.address}/hook/all", body, headers)).close()

    def anew(self) -> None:
        """Have it forget the times it has taken."""
        self._ask("anew")

    def until(self, events: int, seconds: float) -> dict[str, Any]:
        """What it has found once it has so many events.

        Raises:
            RuntimeError: It has not in time.
        """
        deadline = time.monotonic() + seconds
        while (found := self.report()).get("events", 0) < events:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{events} events expected, found {found.get('events', 0)}: {found['faults']}")
            time.sleep(0.1)
        return found

    def _ask(self, what: str) -> Any:
        with urlopen(f"{self.address}/-/{what}") as answer:
            return json.load(answer)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A judge, for as long as the context lasts."""
    secret = new_secret()
    command = [sys.executable, "-m", "benchmarks.notifying.judge", secret]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield Receiver(f"http://127.0.0.1:{int(process.stdout.readline())}", secret, process.pid)
        finally:
            process.kill()


@contextmanager
def telling_hub(
    folder: Path, judge: Receiver, store_url: str = "", database: int = 0, more: str = ""
) -> Iterator[Server]:
    """``careloom serve`` that may tell the judge."""
    with hub(folder, store_url, database, told_settings(judge) + more) as server:
        yield server


def told_settings(judge: Receiver, base: float = 0.05, ceiling: float = 0.2) -> str:
    """The settings by which a surgery is told at the judge's address."""
    return TOLD.format(secret=judge.secret, base=base, ceiling=ceiling)
