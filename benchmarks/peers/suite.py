"""Careloom's verdicts on HL7's validator suite, by the scorer that stands beside the suite."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def agreement() -> str:
    """The share of verdicts that agree with the reference validator's, and the balanced share."""
    suite = Path(os.environ.get("CARELOOM_SUITES", ROOT.parent / "shared" / "suites")) / "validator"
    if not (suite / "score.py").is_file():
        return "suite absent"
    with tempfile.TemporaryDirectory() as name:
        written = Path(name) / "score.json"
        hook = ["--python", "tests.suites.hooks:validate", "--list", "0", "--json", str(written)]
        subprocess.run(
            [sys.executable, str(suite / "score.py"), "--suite", str(suite), *hook],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        total = json.loads(written.read_text("utf-8"))["total"]
    return f"{total['verdict_agreement']:.1%} ({total['balanced_agreement']:.1%})".replace("%", " %")
