"""What a small file needs not is not loaded: the start of the command, told by modules rather than by a clock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("definitions")

HEAVY = {
    *("aiohttp", "asyncio", "cyclopts", "httpx", "jinja2", "joserfc", "lark", "lxml", "msgspec", "orjson", "pint"),
    *("rich", "sqlite3", "ssl", "starlette", "structlog", "ucumvert", "uvicorn", "uvloop", "yaml", "zstandard"),
    *("calendar", "dataclasses", "hashlib", "inspect", "logging", "multiprocessing", "random", "subprocess"),
    *("tarfile", "tempfile", "tomllib"),
}
"""Packages and modules of the standard library, each of which takes longer to load than a small file to judge."""

ROOMS = {"app", "connectathon", "governance", "notify", "rest", "search", "settings", "store", "web"}

PATIENT = b'{"resourceType": "Patient", "active": true, "name": [{"family": "Smith", "use": "official"}]}'
PRESSURE = b"""{"resourceType": "Observation", "status": "final",
 "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
 "subject": {"reference": "Patient/1"}, "effectiveDateTime": "2026-03-04T05:06:07Z",
 "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                           "code": "vital-signs"}]}],
 "valueQuantity": {"value": 61, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}}"""
WRONG = b'{"resourceType": "Patient", "gender": "boy"}'


@pytest.mark.parametrize(("resource", "code"), [(PATIENT, 0), (PRESSURE, 0), (WRONG, 1)], ids=["valid", "unit", "bad"])
def test_a_second_run_loads_nothing_heavy(resource: bytes, code: int, tmp_path: Path) -> None:
    file = tmp_path / "small.json"
    file.write_bytes(resource)
    loaded_by(file, tmp_path, code)
    loaded = loaded_by(file, tmp_path, code)
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    assert {name.split(".")[1] for name in loaded if name.startswith("careloom.")} & ROOMS == set()


def loaded_by(file: Path, cache: Path, code: int) -> set[str]:
    """The modules that the command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "careloom", "validate", str(file)]
    environment = os.environ | {"CARELOOM_CACHE": str(cache / "kept")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr[-2000:]
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    names = {line.rpartition("|")[2].strip() for line in lines}
    assert "careloom.validation.validator" in names
    return names
