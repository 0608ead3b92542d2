"""The demonstration with its record on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.postgres import Server

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_demonstration_passes_on_postgresql(postgres: Server, postgres_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "careloom", "connectathon", "run", str(ROOT / "demo" / "discharge.yaml"), "--once"]
    environment = os.environ | {"CARELOOM_STORE_URL": postgres_url}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "15 of 15 expectations held" in done.stdout
    name = postgres_url.rsplit("/", 1)[1]
    [(versions,)] = postgres.execute("SELECT count(*) FROM version", name)
    assert versions > 20
