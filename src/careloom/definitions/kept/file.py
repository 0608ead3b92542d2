"""One file of kept values: read value by value, written whole or not at all.

::

    MARK                      what kind of file this is
    checksum, length          of the table, eight bytes
    table                     the fingerprint of what the values were made by, and for each name:
                              stamp of what it was made of, offset, length, checksum
    values                    one after the other

Table and values are in the format of `marshal`, which reads five times as fast as JSON and holds plain values alone: it
makes no objects of classes and runs no code. It is not made for data of strangers, which `folder` keeps away; the
checksums find what a full disk or a broken one made of it.
"""

import contextlib
import marshal
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns
from typing import IO, Any
from zlib import crc32

MARK = b"careloom kept values 1\n"
MOST_BYTES = 64 << 20
"""Of one file; R4 core with all its definitions takes a third of it. Beyond it only what is new is kept."""

Stamp = tuple[int, ...]
"""What tells whether a file is still the one that it was: its size, and when its content and it itself were changed.

The times are in nanoseconds. An archive may set the first of them to whatever it likes, but not the second. Reading a
package to take a hash of its content would take longer than all that is to be saved.
"""

_HEAD = struct.Struct("<II")
_Place = tuple[Stamp, int, int, int]
_FAULTS = (OSError, ValueError, TypeError, EOFError, KeyError, struct.error)


def stamp_of(*paths: Path) -> Stamp:
    """The stamp of files that belong together; of one that is not there, zeros."""
    return tuple(number for path in paths for number in _stamp(path))


class KeptFile:
    """Values by name, each good as long as its stamp is that of what it was made of.

    Args:
        path: The file, which need not be there.
        fingerprint: What the values were made by; those made by anything else are not looked at.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._file: IO[bytes] | None = None
        self._table: Mapping[str, _Place] = {}
        self._start = 0
        self._new: dict[str, tuple[Stamp, bytes]] = {}
        self._is_saved = False
        with contextlib.suppress(*_FAULTS):
            self._open()

    def get(self, name: str, stamp: Stamp) -> Any:
        """The value by that name; None when there is none that is still good."""
        try:
            kept_stamp, offset, length, checksum = self._table[name]
            if kept_stamp != stamp or self._file is None:
                return None
            return marshal.loads(self._piece(self._start + offset, length, checksum))
        except _FAULTS:
            return None

    def put(self, name: str, stamp: Stamp, value: Any) -> None:
        """Remember a value until `save`; one that holds more than plain values is not kept, nor is any after that."""
        if self._is_saved:
            return
        with contextlib.suppress(ValueError):  # an exact decimal, which marshal knows nothing of
            self._new[name] = (stamp, marshal.dumps(value))

    def save(self) -> None:
        """Write what is new beside what there was, in place of the file; others who write it now win or lose whole.

        Once is enough: a process that goes on for days does not gather what it reads in memory.
        """
        self._is_saved = True
        if self._new:
            with contextlib.suppress(*_FAULTS):
                self._replace(self._merged())
            self._new = {}

    def close(self) -> None:
        """Let go of the file."""
        self._table = {}
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        self._file = self._path.open("rb", buffering=0)
        head = len(MARK) + _HEAD.size
        if self._file.read(len(MARK)) != MARK:
            return
        checksum, length = _HEAD.unpack(self._file.read(_HEAD.size))
        fingerprint, table = marshal.loads(self._piece(head, length, checksum))
        if fingerprint == self._fingerprint:
            self._table, self._start = table, head + length

    def _piece(self, offset: int, length: int, checksum: int) -> bytes:
        """Bytes of the file.

        Raises:
            ValueError: They are not those that were written.
        """
        assert self._file is not None
        if hasattr(os, "pread"):  # which threads may do at once; elsewhere one of them gets another's piece, and none
            data = os.pread(self._file.fileno(), length, offset)
        else:
            self._file.seek(offset)
            data = self._file.read(length)
        if crc32(data) != checksum:
            raise ValueError(self._path)
        return data

    def _merged(self) -> dict[str, tuple[Stamp, bytes]]:
        """What is in the file by now, as others may have written it too, with what is new."""
        latest = KeptFile(self._path, self._fingerprint)
        try:
            old = {
                name: (stamp, latest._piece(latest._start + offset, length, checksum))
                for name, (stamp, offset, length, checksum) in latest._table.items()
                if name not in self._new
            }
        except ValueError:
            old = {}
        finally:
            latest.close()
        size = sum(len(data) for _, data in (*old.values(), *self._new.values()))
        return {**old, **self._new} if size <= MOST_BYTES else self._new

    def _replace(self, values: Mapping[str, tuple[Stamp, bytes]]) -> None:
        table: dict[str, _Place] = {}
        offset = 0
        for name, (stamp, data) in values.items():
            table[name] = (stamp, offset, len(data), crc32(data))
            offset += len(data)
        head = marshal.dumps((self._fingerprint, table))
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.{monotonic_ns()}.partial")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(MARK + _HEAD.pack(crc32(head), len(head)) + head)
                file.writelines(data for _, data in values.values())
            self.close()  # some systems do not replace what is open
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
