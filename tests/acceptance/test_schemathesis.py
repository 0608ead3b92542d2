"""Schemathesis asks the hub all that its OpenAPI document allows, and much that it does not.

Ten minutes on each database, or as many seconds as CARELOOM_FUZZ_SECONDS says.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from benchmarks.peers import homes
from tests.acceptance.programs import HERE
from tests.integration.hub import HubProcess

pytestmark = pytest.mark.slow

SECONDS = int(os.environ.get("CARELOOM_FUZZ_SECONDS", "600"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "no_leak",
)
PHASES = "examples,coverage,fuzzing"


def test_nothing_that_is_asked_breaks_the_hub(hub: HubProcess, tmp_path: Path) -> None:
    try:
        command = Path(homes.python("schemathesis", "schemathesis==4.32.5").command[0]).with_name("schemathesis")
    except homes.AbsentError as error:
        pytest.skip(str(error))
    report = tmp_path / "report.json"
    limits = ("--max-time", str(SECONDS), "--max-examples", "1000", "--request-timeout", "30", "--no-shrink")
    how = ("--phases", PHASES, "--checks", ",".join(CHECKS), "--continue-on-failure", "--no-color", "--warnings", "off")
    done = subprocess.run(
        [str(command), "run", f"{hub.base_url}/openapi.json", *how, *limits, "--report-json-path", str(report)],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS + 300,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)},
    )
    broken = [line for line in hub.log() if line.get("event") == "breakdown"]
    assert not broken, json.dumps(broken[:5], indent=1)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-1000:]
