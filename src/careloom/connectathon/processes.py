"""Child processes of a run: started, watched, ended."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from careloom.model.errors import UnavailableError

_PATIENCE = 5.0
"""Seconds that a process is given to end by itself."""
_TAIL = 2000


class Child:
    """One process; what it writes goes to a log file, except for its standard output when that is asked for."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], piped: bool = False
    ) -> "Child":
        """Start a process in a session of its own, so that Ctrl-C reaches only us and we end it in order.

        Args:
            name: What to call it in messages.
            command: Program and arguments.
            log: File for what it writes.
            environment: The whole environment.
            piped: Whether `line` will be asked for; its standard output is then not in the log.
        """
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if piped else file,
                stderr=file,
                env=dict(environment),
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def line(self, within: float) -> bytes:
        """The next line of its standard output.

        Raises:
            UnavailableError: It ended, or wrote nothing in time; the message has the end of its log.
        """
        if self._process.stdout is None:
            raise ValueError(f"{self.name} was not started with a pipe")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), within)
        except TimeoutError as error:
            raise UnavailableError(f"{self.name} wrote nothing in {within:g} s{self._tail()}") from error
        if not line:
            raise UnavailableError(f"{self.name} ended before it could be used{self._tail()}")
        return line

    def require_alive(self) -> None:
        """Make sure that it still runs.

        Raises:
            UnavailableError: It ended; the message has the end of its log.
        """
        if self._process.returncode is not None:
            raise UnavailableError(f"{self.name} ended with exit code {self._process.returncode}{self._tail()}")

    async def stop(self) -> None:
        """End it: first by closing its standard input and SIGTERM, then, if it will not, by SIGKILL."""
        if self._process.returncode is not None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _tail(self) -> str:
        text = self._log.read_text("utf-8", "replace").strip()[-_TAIL:]
        return f"; the end of {self._log}:\n{text}" if text else f"; {self._log} is empty"
