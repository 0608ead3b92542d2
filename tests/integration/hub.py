"""The hub as a process of its own, with a locality's settings, and clients that ask it over the network."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.patience import PATIENCE

from careloom.definitions import Definitions
from careloom.governance import PrivateKey, jwks, new_key, token_form

START_SECONDS = 120

SETTINGS = """
[hub]
base_url = "http://127.0.0.1/fhir"
port = 0
database = "var/hub.db"
tenant = "north"

[limits]
body = 1000000

[[organisations]]
id = "acute"
name = "North Acute Trust"

[[organisations]]
id = "gp"
name = "High Street Surgery"

[[clients]]
id = "acute-epr"
organisation = "acute"
jwks = "acute-epr.jwks.json"
scopes = ["system/*.cruds"]

[[clients]]
id = "gp-system"
organisation = "gp"
jwks = "gp-system.jwks.json"
scopes = ["system/*.rs"]

[[agreements]]
id = "record"
title = "The shared record"
parties = ["acute"]
interactions = ["create", "read", "update", "delete", "search"]
types = ["*"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2099-01-01
"""

GP_AGREEMENT = """
[[agreements]]
id = "discharge-to-gp"
title = "Discharge letters for the surgery"
parties = ["acute", "gp"]
interactions = ["read", "search"]
types = ["Patient"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2099-01-01
grantees = ["gp"]
"""


@dataclass
class Locality:
    """A folder with settings and keys, as somebody who runs a hub has it."""

    folder: Path
    keys: dict[str, PrivateKey] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "careloom.toml"

    @property
    def database(self) -> Path:
        return self.folder / "var" / "hub.db"

    @classmethod
    def make(cls, folder: Path, settings: str = SETTINGS) -> "Locality":
        locality = cls(folder)
        for client in ("acute-epr", "gp-system"):
            key = locality.keys[client] = new_key("ES384", kid=client)
            (folder / f"{client}.jwks.json").write_text(json.dumps(jwks([key.public])))
        locality.file.write_text(settings)
        return locality


@dataclass
class HubProcess:
    """A hub that runs."""

    locality: Locality
    process: subprocess.Popen[bytes]
    base_url: str

    @property
    def token_url(self) -> str:
        return f"{self.base_url}/auth/token"

    def stop(self, number: int = signal.SIGTERM, timeout: float = PATIENCE) -> int:
        """Tell it to stop, and wait for its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def delivered_to(self, subscription: str) -> int:
        """The number of the last event that is on record as told, which it is a moment after it was taken."""
        select = "SELECT delivered_to FROM cursor WHERE subscription = ?"
        with closing(sqlite3.connect(self.locality.database, timeout=PATIENCE)) as connection:
            found = connection.execute(select, (subscription,)).fetchone()
        return int(found[0]) if found else 0

    def log(self) -> list[dict[str, Any]]:
        """What it has logged so far, but for a line that it is writing."""
        return [json.loads(line) for line in self.log_lines() if line.startswith("{")]

    def log_lines(self) -> list[str]:
        """The same, and whatever else it has written there."""
        text = (self.locality.folder / "hub.log").read_text()
        return text[: text.rfind("\n") + 1].splitlines()


@contextmanager
def running_hub(locality: Locality) -> Iterator[HubProcess]:
    """Start ``careloom serve`` and wait until it says where it serves."""
    with (locality.folder / "hub.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "careloom", "serve", "--settings", str(locality.file)],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        yield HubProcess(locality, process, _address(process, locality))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _address(process: "subprocess.Popen[bytes]", locality: Locality) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        line = process.stdout.readline().decode()
        if " at http" in line:
            return line.rsplit(" ", 1)[1].strip()
        if not line:
            break
    raise AssertionError(f"the hub did not start: {(locality.folder / 'hub.log').read_text()[-3000:]}")


@dataclass
class Answer:
    """What came back: status, headers, and the body as JSON."""

    status: int
    headers: Mapping[str, str]
    json: Any


class Caller:
    """A supplier's system with a token."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        self.session = session
        self.base_url = base_url
        self.token = token

    async def __call__(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; ``body`` is sent as FHIR JSON, bytes as they are."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            given.setdefault("Content-Type", "application/fhir+json")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        address = f"{self.base_url}/{url}" if not url.startswith("http") else url
        async with self.session.request(method, address, data=data, headers=given) as response:
            text = await response.read()
            found = json.loads(text) if text else None
            return Answer(response.status, response.headers, found)

    async def audit_of(self, answer: Answer) -> Any:
        """The AuditEvent that an answer names."""
        return (await self("GET", answer.headers["Careloom-Audit"])).json


@asynccontextmanager
async def caller(hub: HubProcess, client: str = "acute-epr", **claims: str) -> AsyncIterator[Caller]:
    """A client with a fresh token, or with none where ``client`` is empty."""
    async with aiohttp.ClientSession() as session:
        token = (await ask_token(session, hub, client, **claims))["access_token"] if client else ""
        yield Caller(session, hub.base_url, token)


async def ask_token(session: aiohttp.ClientSession, hub: HubProcess, client: str, **claims: str) -> Any:
    """What the token endpoint answers to a good request."""
    form = token_form(
        hub.locality.keys[client],
        client=client,
        token_url=hub.token_url,
        scope=claims.pop("scope", "system/*.cruds"),
        now=datetime.now(UTC),
        purpose=claims.pop("purpose", "TREAT"),
    )
    async with session.post(hub.token_url, data=form) as response:
        return await response.json()


async def eventually(check: Any, seconds: float = PATIENCE) -> Any:
    """What an asynchronous check gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := await check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def hub_of_a_file(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that runs as long as the tests of one file; a file has it by naming it ``hub``."""
    with running_hub(Locality.make(tmp_path_factory.mktemp("locality"))) as running:
        yield running


@pytest.fixture
async def client_of_the_hub(hub: HubProcess) -> AsyncIterator[Caller]:
    """A client with a good token of the file's ``hub``."""
    async with caller(hub) as known:
        yield known
