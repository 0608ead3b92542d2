"""The tutorial does what it says: its blocks, run as they stand, lead from an empty folder to the first event.

Nothing of Careloom is in them but its command; only the ports are others, of those that are free here.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from careloom.connectathon.ports import free_port

PAGE = Path(__file__).parents[2] / "docs" / "tutorial-subscriber.md"
PATIENCE = 60
FIVE_MINUTES = 300

_BLOCK = re.compile(r"^```(?:toml|python)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with the blocks of the page in files, as their first lines name them."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl, with which the tutorial signs")
    blocks = _BLOCK.findall(PAGE.read_text("utf-8"))
    ports = {port: str(free_port()) for port in ("8080", "9000")}
    for name, text in blocks:
        (tmp_path / name).write_text(re.sub("8080|9000", lambda found: ports[found[0]], text))
    assert {"careloom.toml", "keys.py", "hub.py", "subscriber.py", "hospital.py"} == {name for name, _ in blocks}
    return tmp_path


def test_the_tutorial_leads_to_the_first_event_in_less_than_five_minutes(folder: Path) -> None:
    started = time.monotonic()
    run(folder, "keys.py")
    with started_process(folder, "-m", "careloom", "serve", "--settings", "careloom.toml") as hub:
        line_of(hub, r" at http")
        with started_process(folder, "subscriber.py") as subscriber:
            line_of(subscriber, r"^subscribed as \S+$")
            line_of(subscriber, r"^handshake$")
            discharged = run(folder, "hospital.py").removeprefix("discharged:").strip()
            assert "1" == line_of(subscriber, rf"^1 http://127\.0\.0\.1:\d+/fhir/Encounter/{discharged}$").split()[0]
    assert time.monotonic() - started < FIVE_MINUTES


def test_a_subscriber_knows_a_forged_notification(folder: Path) -> None:
    text = (folder / "subscriber.py").read_text()
    head = text[: text.index("server = HTTPServer")]
    (folder / "forged.py").write_text(
        f"{head}\n"
        "hook = Hook.__new__(Hook)\n"
        "hook.headers = {'webhook-id': 'w', 'webhook-signature': 'v1,AAAA'}\n"
        "hook.headers['webhook-timestamp'] = str(int(time.time()))\n"
        "print(hook.is_genuine(b'{}'))\n"
    )
    assert "False" == run(folder, "forged.py")


def run(folder: Path, program: str) -> str:
    done = subprocess.run([sys.executable, program], cwd=folder, capture_output=True, timeout=PATIENCE, check=False)
    assert 0 == done.returncode, done.stderr.decode()
    return done.stdout.decode().strip()


@contextmanager
def started_process(folder: Path, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-u", *command], cwd=folder, stdout=subprocess.PIPE, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def line_of(process: "subprocess.Popen[bytes]", pattern: str) -> str:
    """The next line that fits; who prints none in time is ended."""
    assert process.stdout is not None
    impatience = Timer(PATIENCE, process.kill)
    impatience.start()
    try:
        for data in process.stdout:
            line = data.decode().rstrip()
            if re.search(pattern, line):
                return line
    finally:
        impatience.cancel()
    raise AssertionError(f"{pattern!r} was never printed")
