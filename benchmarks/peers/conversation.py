"""A peer as a process that answers questions, and what the process cost."""

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.homes import Home


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of an NDJSON file, the last one excluded."""

    file: Path
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many resources."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Answer:
    """The processor's seconds for a part, and a character for each resource: 1 valid, 0 not, ! a breakdown."""

    seconds: float
    verdicts: str


class FaultyError(Exception):
    """A peer stopped in the middle."""


class Conversation:
    """A running peer."""

    def __init__(self, home: Home) -> None:
        self._said_aside = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed with the conversation)
        self._process = subprocess.Popen(
            home.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said_aside,
            text=True,
            env={**os.environ, **home.environment},
        )
        self.version: str = self._hear()["version"]

    def ask(self, part: Part) -> Answer:
        """Have a part judged."""
        assert self._process.stdin is not None
        print(part.file, part.first, part.last, sep="\t", file=self._process.stdin, flush=True)
        said = self._hear()
        return Answer(said["seconds"], said["verdicts"])

    def peak_megabytes(self) -> float | None:
        """The most memory that it had so far; None where the system does not tell."""
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            return None
        fields = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024

    def close(self) -> None:
        """End it, and wait until it has."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._said_aside.close()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise FaultyError(self._fault())
        said: dict[str, Any] = json.loads(line)
        return said

    def _fault(self) -> str:
        code = self._process.wait()
        self._said_aside.seek(0)
        last = self._said_aside.read().strip().splitlines()[-1:]
        return f"it stopped with exit code {code}: {' '.join(last)}"


@contextmanager
def talking(home: Home) -> Iterator[Conversation]:
    """A conversation that ends with the block."""
    conversation = Conversation(home)
    try:
        yield conversation
    finally:
        conversation.close()


def cold_seconds(home: Home, part: Part) -> float:
    """Processor's seconds of a whole process that judges a part, from its start to its end."""
    before = _children()
    with talking(home) as conversation:
        conversation.ask(part)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
