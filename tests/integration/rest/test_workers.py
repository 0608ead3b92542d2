"""Several processes that serve one record on PostgreSQL."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest
from tests.integration.hub import SETTINGS, Locality, caller, eventually, running_hub
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
            workers = {line["worker"] for line in hub.log() if line.get("event") == "request"}
            assert workers == {0, 1}
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
        assert hub.stop(signal.SIGTERM, timeout=40) == 0
