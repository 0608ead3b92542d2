"""A backup: one file that either database can be restored from.

A zstd stream of MessagePack values, each behind its size and its checksum::

    {"careloom": 3, "taken": "2026-11-22T12:00:00Z", "from": "sqlite"}
    ["table", "version"]
    ["rows", [[...], [...], ...]]                 any number of times
    ["end", rows, digest]                         see careloom.store.upkeep.tally
    ...
    ["complete"]

It is written under another name and renamed when it is complete and synchronised, so a file by its name is whole. It
holds everything, the keys of the search index included, and only its owner may read it.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import zstandard

from careloom.model.errors import InvalidError, MalformedError, UnavailableError
from careloom.store.upkeep.tables import TABLES, Table
from careloom.store.upkeep.tally import Tally, storable

FORMAT = 3
"""What is written; rows of ``tx`` can have a state that those of format 2 have not."""

READ: Final = (2, FORMAT)
"""What can be read."""

_AT_ONCE = 1_000
_BYTES_AT_ONCE = 4_000_000
_MOST_BYTES = 1 << 30
_FRAME = struct.Struct(">II")
"""Before each value: its size in bytes, and the CRC-32 of them."""

Row = tuple[Any, ...]


class ArchiveWriter:
    """Writes table after table."""

    def __init__(self, out: IO[bytes], head: dict[str, Any]) -> None:
        self._out = out
        self._encode = msgspec.msgpack.Encoder().encode
        self._put({"careloom": FORMAT, **head})

    def write(self, table: Table, rows: Iterable[Row]) -> Tally:
        """Write all rows of a table; what they come to."""
        tally = Tally()
        self._put(["table", table.name])
        batch: list[Row] = []
        size = 0
        for row in rows:
            kept = storable(row)
            tally.add(kept)
            batch.append(kept)
            size += sum(len(each) for each in kept if isinstance(each, bytes | str))
            if len(batch) == _AT_ONCE or size > _BYTES_AT_ONCE:
                self._put(["rows", batch])
                batch, size = [], 0
        self._put(["rows", batch])
        self._put(["end", tally.rows, tally.digest])
        return tally

    def complete(self) -> None:
        """Say that nothing is missing."""
        self._put(["complete"])

    def _put(self, value: Any) -> None:
        data = self._encode(value)
        self._out.write(_FRAME.pack(len(data), zlib.crc32(data)) + data)


class ArchiveReader:
    """Reads table after table, and sees that each is whole.

    Raises:
        MalformedError: Not such an archive, or one that is damaged or cut off.
        InvalidError: One of a newer release.
    """

    def __init__(self, source: IO[bytes], path: Path) -> None:
        self._source = source
        self._path = path
        self._decode = msgspec.msgpack.Decoder().decode
        head = self._next()
        if not isinstance(head, dict) or "careloom" not in head:
            raise MalformedError(f"{path}: a backup by `careloom db backup` expected, found another kind of file")
        if head["careloom"] not in READ:
            known = " or ".join(map(str, READ))
            raise InvalidError(f"{path}: a backup of format {known} expected, found format {head['careloom']}")
        self.head = head

    def tables(self) -> Iterator[tuple[Table, Iterator[Row]]]:
        """Each table with its rows, which are to be read to their end before the next."""
        known = {table.name: table for table in TABLES}
        while (entry := self._next())[0] == "table":
            if entry[1] not in known:
                raise InvalidError(f"{self._path}: a table {entry[1]}, which this release does not know")
            yield known[entry[1]], self._rows(entry[1])
        if entry != ["complete"]:
            raise MalformedError(f"{self._path}: is damaged: {entry[0]!r} where a table was expected")

    def _rows(self, name: str) -> Iterator[Row]:
        tally = Tally()
        while (entry := self._next())[0] == "rows":
            for row in entry[1]:
                tally.add(tuple(row))
                yield tuple(row)
        if entry != ["end", tally.rows, tally.digest]:
            raise MalformedError(f"{self._path}: is damaged: the rows of {name} are not those that were written")

    def _next(self) -> Any:
        try:
            size, checksum = _FRAME.unpack(self._read(_FRAME.size))
            data = self._read(size) if size <= _MOST_BYTES else b""
            if zlib.crc32(data) != checksum:
                raise EOFError("a checksum is wrong")
            return self._decode(data)
        except (zstandard.ZstdError, msgspec.DecodeError, EOFError) as error:
            raise MalformedError(f"{self._path}: is no backup, or is damaged or cut off: {error}") from error

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self._source.read(size - len(found))
            if not part:
                raise EOFError("it ends too early")
            found += part
        return found


@contextmanager
def writing(path: Path, head: dict[str, Any]) -> Iterator[ArchiveWriter]:
    """An archive by that name once the block has ended well; nothing by it otherwise.

    Raises:
        InvalidError: It is a folder.
        UnavailableError: The file cannot be written.
    """
    if not path.name or path.is_dir():
        raise InvalidError(f"{path}: the name of a file expected, found a folder")
    draft = path.with_name(f".{path.name}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
            with compressor.stream_writer(file, closefd=False) as stream:
                archive = ArchiveWriter(stream, head)
                yield archive
                archive.complete()
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[ArchiveReader]:
    """An archive.

    Raises:
        UnavailableError: There is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            yield ArchiveReader(stream, path)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror}") from error
