"""Programs that use clients nobody here wrote, each in an environment of its own, and how they tell what they found.

A program gets the hub's address and prints one JSON object: each of its cases by name, with nothing or what failed.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 300


def cases(command: Sequence[str], base_url: str) -> Mapping[str, str]:
    """Run a program; what failed in each of its cases, empty where nothing did.

    Raises:
        AssertionError: It did not come to its end.
    """
    done = subprocess.run([*command, base_url], check=False, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-4000:] or done.stdout[-4000:]
    found: Mapping[str, str] = json.loads(done.stdout.splitlines()[-1])
    assert found, "no case was run"
    return found


def faults(found: Mapping[str, str]) -> str:
    """What failed, for people; empty where nothing did."""
    return "\n".join(f"{case}: {fault}" for case, fault in found.items() if fault)


def beside_judge(script: str) -> None:
    """Put what scripts for Node share beside one that has been copied among its packages."""
    folder = Path(script).parent
    if folder != HERE:
        shutil.copy(HERE / "cases.mjs", folder)
