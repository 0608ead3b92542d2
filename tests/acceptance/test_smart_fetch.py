"""smart-fetch brings a hub's record home: by bulk export and by search, with tokens of SMART Backend Services."""

import asyncio
import gzip
import json
import subprocess
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from benchmarks.peers import homes
from tests.integration.hub import Caller, HubProcess

pytestmark = pytest.mark.slow

SECONDS = 240
PATIENTS = 7
TYPES = "Patient,Condition"


@pytest.fixture(scope="module")
def smart_fetch() -> Path:
    """The command ``smart-fetch``."""
    try:
        return Path(homes.python("smart-fetch", "smart-fetch==1.0.3").command[0]).with_name("smart-fetch")
    except homes.AbsentError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def group(hub: HubProcess) -> str:
    """The id of a Group of all patients in the record; each has a Condition."""
    return asyncio.run(_make_group(hub))


async def _make_group(hub: HubProcess) -> str:
    async with aiohttp.ClientSession() as session:
        call = Caller(session, hub.base_url, "")
        members = []
        for number in range(PATIENTS):
            patient = {"resourceType": "Patient", "name": [{"family": f"Fetched{number}"}]}
            reference = {"reference": f"Patient/{(await call('POST', 'Patient', patient)).json['id']}"}
            await call("POST", "Condition", {"resourceType": "Condition", "subject": reference, "code": {"text": "x"}})
            members.append({"entity": reference})
        group = {"resourceType": "Group", "type": "person", "actual": True, "member": members}
        made: str = (await call("POST", "Group", group)).json["id"]
        return made


def smart(hub: HubProcess, folder: Path) -> tuple[str, ...]:
    """What has it ask for a token itself."""
    key = hub.locality.keys["acute-epr"]
    (folder / "key.jwks").write_text(json.dumps({"keys": [{**key.as_json(), "key_ops": ["sign"], "alg": "ES384"}]}))
    return ("--smart-client-id", "acute-epr", "--smart-key", str(folder / "key.jwks"))


def fetch(command: Path, hub: HubProcess, folder: Path, how: str, *arguments: str) -> Counter[str]:
    """Run it; how many resources of each type it has brought."""
    done = subprocess.run(
        [str(command), how, str(folder / "out"), "--fhir-url", hub.base_url, "--type", TYPES, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Counter(kind for file in (folder / "out").rglob("*.ndjson.gz") for kind in _types(file))


def _types(file: Path) -> list[str]:
    with gzip.open(file, "rt") as lines:
        return [json.loads(line)["resourceType"] for line in lines if line.strip()]


WHOLE = Counter({"Patient": PATIENTS, "Condition": PATIENTS})


@pytest.mark.parametrize("how", ["bulk", "crawl"])
def test_the_whole_record_comes_home(smart_fetch: Path, hub: HubProcess, group: str, tmp_path: Path, how: str) -> None:
    assert fetch(smart_fetch, hub, tmp_path, how, *smart(hub, tmp_path)) == WHOLE


@pytest.mark.parametrize("how", ["bulk", "crawl"])
def test_a_group_comes_home(smart_fetch: Path, hub: HubProcess, group: str, tmp_path: Path, how: str) -> None:
    # With the door's token: by itself it never asks for system/Group.r, without which nobody learns who is in a group.
    assert fetch(smart_fetch, hub, tmp_path, how, "--group", group) == WHOLE


def test_what_has_not_changed_stays_away(smart_fetch: Path, hub: HubProcess, group: str, tmp_path: Path) -> None:
    since = ("--since", "2098-01-01T00:00:00Z", "--since-mode", "updated")
    assert fetch(smart_fetch, hub, tmp_path, "bulk", *smart(hub, tmp_path), *since) == Counter()
