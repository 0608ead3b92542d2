"""Several processes that serve one record on PostgreSQL."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from tests.integration.hub import SETTINGS, Locality, caller, eventually, running_hub
from tests.integration.telling import until
from tests.patience import PATIENCE
from tests.postgres import Server

from careloom.definitions import Definitions

IDENTIFIED = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:x", "value": "1"}],
    "name": [{"family": "Ashe"}],
}


@pytest.mark.slow
async def test_many_processes_serve_one_record(tmp_path: Path, postgres: Server, definitions: Definitions) -> None:
    store = f'\n[store]\nurl = "{postgres.database_of(tmp_path)}"\n[http]\nworkers = 2\nmetrics = ["127.0.0.1"]\n'
    locality = Locality.make(tmp_path, SETTINGS.replace('database = "var/hub.db"\n', "") + store)
    with running_hub(locality) as hub:
        async with caller(hub) as call:
            racing = (
                call("POST", "Patient", IDENTIFIED, If_None_Exist="identifier=urn:x|1", Connection="close")
                for _ in range(32)
            )
            statuses = sorted(answer.status for answer in await asyncio.gather(*racing))
            assert statuses == [200] * 31 + [201]

            async def both_have_served() -> bool:
                await call("GET", "Patient", Connection="close")
                return {line["worker"] for line in hub.log() if line.get("event") == "request"} == {0, 1}

            await eventually(both_have_served)  # which of them takes a connection is left to chance
            taken = await call("GET", "Patient", Prefer="respond-async")

            async def done() -> bool:
                return (await call("GET", taken.headers["Content-Location"], Connection="close")).status == 200

            await eventually(done)  # whichever process is asked
            async with (
                aiohttp.ClientSession() as session,
                session.get(hub.base_url.replace("/fhir", "/metrics")) as told,
            ):
                text = await told.text()
            made = [
                line for line in text.splitlines() if line.startswith("careloom_requests_total") and "create" in line
            ]
            assert sum(float(line.rpartition(" ")[2]) for line in made) == 32
        assert hub.stop(signal.SIGTERM, timeout=PATIENCE) == 0


@contextmanager
def _crew(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Two processes that serve nothing, and the one that watches them."""
    command = [sys.executable, "-m", "tests.integration.crew", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _pid(folder: Path, number: int) -> int:
    return int((folder / f"worker-{number}").read_text())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_one_that_cannot_be_replaced_for_a_while_ends_nobody(tmp_path: Path) -> None:
    with _crew(tmp_path) as crew:
        assert crew.stdout is not None and "ready\n" == crew.stdout.readline()
        first, second = _pid(tmp_path, 0), _pid(tmp_path, 1)
        (tmp_path / "broken").touch()
        os.kill(first, signal.SIGKILL)
        until((tmp_path / "refused").exists)
        time.sleep(0.5)
        assert (crew.poll(), True) == (None, _is_alive(second))
        (tmp_path / "broken").unlink()
        until(lambda: _pid(tmp_path, 0) != first)
        crew.terminate()
        assert 0 == crew.wait(PATIENCE)


@pytest.mark.slow
def test_nobody_serves_on_when_the_one_that_watches_is_gone(tmp_path: Path) -> None:
    with _crew(tmp_path) as crew:
        assert crew.stdout is not None and "ready\n" == crew.stdout.readline()
        crew.kill()
        crew.wait()
        until(lambda: not any(_is_alive(_pid(tmp_path, number)) for number in (0, 1)))


@pytest.mark.slow
def test_one_that_cannot_start_at_first_ends_all(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with _crew(tmp_path) as crew:
        assert 2 == crew.wait(PATIENCE)
