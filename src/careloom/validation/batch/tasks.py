"""Sources cut into tasks: pieces that can be judged apart from each other, in any process, and put together in order.

A plain NDJSON file is cut by bytes: a line belongs to the range in which it begins. Whoever cuts looks at the bytes
only to count the lines, so that each task knows where in its source it stands and nobody has to wait for another.
A packed one, and standard input, can be read in one place only, so they come as blocks of whole lines.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from careloom.model.errors import NotFoundError
from careloom.model.records import dataclass
from careloom.validation.batch.sources import Compression, Source, compression_of, unpacked, unpacking_errors

RANGE = 1 << 17
"""Bytes of a range or block: a hundred typical resources, so that nobody waits long for a result."""

Damage = str
"""What is wrong with a packed source, in words."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that holds one resource.

    Attributes:
        name: As it is told.
        path: Where to read it; None when the bytes are here.
        data: The bytes, when they come from standard input.
        compression: How they are packed.
        size: Bytes that it stands for.
    """

    name: str
    path: Path | None
    data: bytes
    compression: Compression
    size: int


@dataclass(frozen=True, slots=True)
class Range:
    """The lines of a file that begin at or after one offset and before another.

    Attributes:
        name: Of the source.
        path: Where to read it.
        start: The first offset.
        end: The offset after the last.
        before: Lines of the source that begin before it.
    """

    name: str
    path: Path
    start: int
    end: int
    before: int = 0

    @property
    def size(self) -> int:
        """Bytes that it stands for."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, already read.

    Attributes:
        name: The source they come from.
        data: The lines.
        size: Bytes of the source, as packed, that they stand for.
        before: Lines of the source that begin before it.
        damage: Why the source cannot be read on from here; empty when it can.
    """

    name: str
    data: bytes
    size: int
    before: int
    damage: Damage = ""


Task = Document | Range | Block


def tasks_of(sources: Iterable[Source]) -> Iterator[Task]:
    """Tasks in the order of the sources, made as they are asked for.

    Raises:
        NotFoundError: A source cannot be opened.
    """
    for source in sources:
        if source.path is None:
            yield from _of_standard_input(source)
        elif not source.has_records:
            yield Document(source.name, source.path, b"", source.compression, source.size)
        elif source.compression:
            with source.open() as stream:
                yield from blocks(source.name, stream, source.compression)
        else:
            yield from _ranges(source.name, source.path, source.size)


def lines_in(part: Range) -> list[bytes]:
    """The lines of a range, without their ends.

    Raises:
        OSError: The file cannot be read.
    """
    with part.path.open("rb") as file:
        file.seek(max(0, part.start - 1))
        data = file.read(part.end - max(0, part.start - 1))
        if part.start:
            _, end, data = data.partition(b"\n")
            if not end:
                return []
        if data and not data.endswith(b"\n"):
            data += file.readline()
    return lines_of(data)


def lines_of(data: bytes) -> list[bytes]:
    """Lines as NDJSON parts them, at line feeds alone; nothing after the last of them is no line."""
    lines = data.split(b"\n")
    return lines[:-1] if not lines[-1] else lines


def blocks(name: str, stream: IO[bytes], compression: Compression, head: bytes = b"") -> Iterator[Block]:
    """Whole lines of a stream as they come in; a damaged one ends with a block that says so, and loses half a line.

    Args:
        name: Of the source.
        stream: The bytes as stored; standard input gives what is there without waiting for more.
        compression: How they are packed.
        head: Unpacked bytes that were read already.
    """
    rest, before, told, damage = bytearray(head), 0, 0, ""
    for data, position in _pieces(stream, compression):
        if isinstance(data, str):
            damage = data
            break
        lines, rest = _whole_lines(rest, data)
        if lines:
            yield Block(name, lines, position - told, before)
            before, told = before + lines.count(b"\n"), position
    yield Block(name, b"" if damage else bytes(rest), 0, before, damage)


def _whole_lines(rest: bytearray, data: bytes) -> tuple[bytes, bytearray]:
    """What is complete of the bytes so far, and what must wait for the end of its line."""
    end = data.rfind(b"\n") + 1
    if not end:
        rest += data
        return (b"", rest)
    lines = bytes(rest) + data[:end]
    return lines, bytearray(data[end:])


def _pieces(stream: IO[bytes], compression: Compression) -> Iterator[tuple[bytes | Damage, int]]:
    """Unpacked bytes with the position in the stream after them; what is wrong with the stream as text."""
    plain, position = unpacked(stream, compression), 0
    while True:
        try:
            data = plain.read1(RANGE) if hasattr(plain, "read1") else plain.read(RANGE)
        except unpacking_errors() as error:
            yield f"the packed data is damaged: {error}", position
            return
        if not data:
            return
        position = stream.tell() if compression and stream.seekable() else position + len(data)
        yield data, position


def _ranges(name: str, path: Path, size: int) -> Iterator[Range]:
    before, last = 0, b"\n"
    with _opened(name, path) as file:
        for start in range(0, max(size, 1), RANGE):
            data = file.read(RANGE)
            yield Range(name, path, start, min(start + RANGE, size), before)
            # A line begins behind every line feed, so one that ends a range begins a line of the next.
            before += (last + data[:-1]).count(b"\n") if data else 0
            last = data[-1:]


def _opened(name: str, path: Path) -> IO[bytes]:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise NotFoundError(f"{name}: {error.strerror or error}") from error


def _of_standard_input(source: Source) -> Iterator[Task]:
    """One resource, or lines of resources: that is seen from the first two lines."""
    stream = source.open()
    plain = unpacked(stream, compression_of(stream.peek(2)) if hasattr(stream, "peek") else "")
    head, is_document, has_line = bytearray(), False, False
    for data, _ in _pieces(plain, ""):
        if isinstance(data, str):
            yield Block(source.name, b"", 0, 0, damage=data)
            return
        head += data
        has_line = has_line or b"\n" in data
        if has_line and not is_document:
            kind = _has_records(bytes(head))
            if kind:
                yield from blocks(source.name, plain, "", bytes(head))
                return
            is_document = kind is False
    yield Document(source.name, None, bytes(head), "", len(head))


def _has_records(head: bytes) -> bool | None:
    """Whether it is NDJSON: an object on the first line, and another begins on the next; None when not yet known."""
    first, end, rest = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    if not first or not end:
        return None
    if not first.startswith(b"{") or not first.rstrip().endswith(b"}"):
        return False
    rest = rest.lstrip()
    return rest.startswith(b"{") if rest else None
