"""Servers as processes of their own, and what their processor time is."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.peers.homes import AbsentError, python

from careloom.connectathon.ports import free_port
from careloom.governance import PrivateKey, jwks, new_key, token_form

START_SECONDS = 120
SEKMET = "sekmet-fhir==0.1.1"

_TICKS = os.sysconf("SC_CLK_TCK")
_SETTINGS = """
[hub]
base_url = "http://127.0.0.1/fhir"
port = 0
database = "hub.db"
tenant = "north"
{store}
[limits]
body = 268435456
seconds = 600

[[organisations]]
id = "acute"
name = "North Acute Trust"
ods_code = "RXX"

[[clients]]
id = "acute-epr"
organisation = "acute"
jwks = "acute-epr.jwks.json"
scopes = ["system/*.cruds"]

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
_SEKMET_SETTINGS = """
base_url: http://127.0.0.1:{port}/fhir
host: 127.0.0.1
port: {port}
data_dir: {folder}
simulator:
  enabled: false
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        base_url: Of its FHIR base.
        processes: What its processor time is the sum of: its own first, then those of its database.
        key: What its client proves itself with; None where it asks nobody.
    """

    base_url: str
    processes: Sequence[int]
    key: PrivateKey | None = None

    def token(self) -> str:
        """An access token that was just made; empty where none is needed."""
        if self.key is None:
            return ""
        url = f"{self.base_url}/auth/token"
        scope = "system/*.cruds"
        form = token_form(
            self.key, client="acute-epr", token_url=url, scope=scope, now=datetime.now(UTC), purpose="TREAT"
        )
        with urlopen(url, urlencode(form).encode()) as answer:
            token: str = json.load(answer)["access_token"]
            return token

    def cpu(self) -> float:
        """Processor seconds of the server's own process so far, all its threads together."""
        return _cpu_of(self.processes[0])

    def database_cpu(self) -> float:
        """Those of its database, where that is apart."""
        return sum(_cpu_of(each) for root in self.processes[1:] for each in (root, *_children(root)))


@contextmanager
def hub(folder: Path, store_url: str = "", database: int = 0, more: str = "") -> Iterator[Server]:
    """``careloom serve`` with a settings file in a folder.

    Args:
        folder: Where settings, keys and the record go.
        store_url: Of a PostgreSQL database; empty for SQLite.
        database: Process of the PostgreSQL server.
        more: Settings besides.
    """
    key = settle(folder, store_url, more)
    command = [sys.executable, "-m", "careloom", "serve", "--settings", str(folder / "careloom.toml")]
    with _running(command, folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        if " at http" not in line:
            raise RuntimeError(f"the hub did not start: {(folder / 'log').read_text()[-3000:]}")
        yield Server(line.rsplit(" ", 1)[1].strip(), (process.pid, *filter(None, (database,))), key)


def settle(folder: Path, store_url: str = "", more: str = "") -> PrivateKey:
    """Write the settings of such a hub, as the file ``careloom.toml``, and give the key of its client."""
    key = new_key("ES384", kid="acute-epr")
    (folder / "acute-epr.jwks.json").write_text(json.dumps(jwks([key.public])))
    store = f'\n[store]\nurl = "{store_url}"\n' if store_url else ""
    (folder / "careloom.toml").write_text(_SETTINGS.format(store=store) + more)
    return key


@contextmanager
def sekmet(folder: Path) -> Iterator[Server]:
    """``sekmet serve``, which validates by its models and asks for no token.

    Raises:
        AbsentError: Its environment cannot be made.
    """
    program = Path(python("sekmet", SEKMET).command[0]).with_name("sekmet")
    port = free_port()
    (folder / "settings.yaml").write_text(_SEKMET_SETTINGS.format(port=port, folder=folder / "data"))
    with _running([str(program), "serve", "--config", str(folder / "settings.yaml")], folder) as process:
        base_url = f"http://127.0.0.1:{port}/fhir"
        _await(f"{base_url}/metadata", process)
        yield Server(base_url, (process.pid,))


@contextmanager
def _running(command: Sequence[str], folder: Path, stdout: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A process, which is ended at the end; what it says aside goes to a file."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=stdout or log, stderr=log, cwd=folder)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(url).close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise AbsentError(f"it does not answer at {url}")


def _cpu_of(process: int) -> float:
    """User and system time, from the fields after the name, which may hold anything."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in listed.split()]
