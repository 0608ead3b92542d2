"""Texts put aside on the disk while a code system is put in order: together they are most of its size."""

import os
import tempfile
from array import array
from pathlib import Path


class Spool:
    """Texts by number, in a file without a name that goes when this does.

    Args:
        folder: Where the file is; not where temporary files usually are, which may be memory.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (it lives as long as this does)
        self._ends = array("Q", [0])

    def add(self, text: bytes) -> None:
        """Put one more aside; the first has the number 0."""
        self._file.write(text)
        self._ends.append(self._ends[-1] + len(text))

    def close_writing(self) -> None:
        """Have all of them read from now on."""
        self._file.flush()

    def read(self, number: int) -> bytes:
        """One of them, once all are there."""
        start, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - start, start)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
