"""One hub to a file: a lock beside the database, held for life.

SQLite's own locks come and go with each transaction; this one says that a writer lives here. The operating system drops
it when the process ends, however it ends. The lock file stays: removing it would let two processes lock two files of
the same name.
"""

import fcntl
import os
from pathlib import Path

from careloom.model.errors import UnavailableError


class HubLock:
    """The lock on ``<database>.lock``, with the holder's process id inside.

    Raises:
        UnavailableError: Another holder has it, or the file cannot be written.
    """

    def __init__(self, database: Path) -> None:
        path = database.resolve()  # one file may have several names
        path = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be opened for locking: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise UnavailableError(
                f"{database}: in use by another hub (process {holder or 'unknown'}); it serves one at a time"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next hub in."""
        os.close(self._file)
