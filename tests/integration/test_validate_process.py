"""``careloom validate`` as a process: readers that go away, interrupts, watching, and no bar in a pipe."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.usefixtures("definitions"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are told as POSIX has them"),
]

COMMAND = [sys.executable, "-m", "careloom", "validate"]
BAD = b'{"resourceType": "Patient", "gender": "boy"}\n'


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Children heed an interrupt even where a shell runs the tests in the background, whose children do not."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    line = [*COMMAND, *map(str, arguments)]
    pipe = subprocess.PIPE
    with (
        _interruptible(),
        subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def endless(folder: Path) -> Path:
    file = folder / "x.ndjson"
    file.write_bytes(BAD * 100_000)
    return file


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    with started(endless(tmp_path), "--format", "ndjson") as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_ends_it_at_once_and_clean(jobs: int, tmp_path: Path) -> None:
    with started(endless(tmp_path), "--format", "ndjson", "--jobs", jobs) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130


def test_two_processes_tell_what_one_tells(tmp_path: Path) -> None:
    """Enough lines that workers start after this process has judged the first of them."""
    good = b'{"resourceType": "Patient", "gender": "female", "name": [{"family": "Smith"}]}\n'
    file = tmp_path / "x.ndjson"
    file.write_bytes(b"".join(BAD if number % 50 == 0 else good + b"\n" * (number % 3) for number in range(30_000)))
    reports = []
    for jobs in (1, 2):
        with started(file, "--jobs", jobs) as process:
            reports.append((*process.communicate(timeout=120), process.returncode))
    assert reports[0] == reports[1]
    assert reports[0][1:] == (b"", 1)
    assert reports[0][0].count(b"Patient.gender") == 600


def test_lines_from_a_pipe_are_judged_as_they_come_and_nothing_else_is_said() -> None:
    with started("-", "--format", "ndjson") as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(BAD * 2)
        process.stdin.flush()
        process.stdin.write(BAD)
        out, err = process.communicate(timeout=60)
        assert [b'"line":%d' % line in text for line, text in enumerate(out.splitlines(), 1)] == [True] * 3
        assert (process.returncode, err) == (1, b"")


def test_a_watched_file_is_judged_again_when_it_changes(tmp_path: Path) -> None:
    folder, aside = tmp_path / "watched", tmp_path / "aside.json"
    folder.mkdir()
    for name in ("a.json", "b.json"):
        (folder / name).write_bytes(BAD)
    with started(folder, "--watch", "--summary") as process:
        assert process.stdout
        assert _next_sum(process) == b"2 files, 2 resources: 0 valid, 2 not valid (2 errors)\n"
        aside.write_bytes(b'{"resourceType": "Patient", "gender": "male"}')
        aside.replace(folder / "a.json")  # not seen half written
        assert _next_sum(process) == b"1 file, 1 resource: 1 valid, 0 not valid\n"
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, b"")


def _next_sum(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout
    return next(line for line in process.stdout if b"resource" in line)


def test_importing_careloom_loads_no_engine() -> None:
    code = "import sys, careloom; print([name for name in sys.modules if name.startswith('careloom.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout == b"[]\n"
