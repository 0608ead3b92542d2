"""What the arguments name: files, folders, patterns, ``file:`` addresses and standard input become sources in order."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Literal
from urllib.parse import unquote, urlsplit

from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.records import dataclass

STANDARD_INPUT = "-"

Compression = Literal["", "gz", "zst"]

_COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
_MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gz", b"\x28\xb5": "zst"}
_MAGIC_LETTERS = frozenset("*?[")
"""What makes a name a pattern, as `glob` has it."""

_RECORDS = frozenset({".ndjson", ".jsonl"})
_DOCUMENTS = frozenset({".json", ".xml"})
_NOT_FHIR = frozenset({"package.json", "package-lock.json", "tsconfig.json"})
"""Names that a folder may hold beside resources; given by name they are judged like any other."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something to judge.

    Attributes:
        name: As it is told to the user.
        path: None for standard input.
        has_records: Whether each line is a resource (NDJSON).
        compression: How the bytes are packed.
        size: Bytes on disk; 0 when unknown.
    """

    name: str
    path: Path | None
    has_records: bool
    compression: Compression
    size: int

    def open(self) -> IO[bytes]:
        """The bytes as they are stored.

        Raises:
            NotFoundError: They cannot be had.
        """
        if self.path is None:
            return sys.stdin.buffer
        try:
            return self.path.open("rb")
        except OSError as error:
            raise NotFoundError(f"{self.name}: {error.strerror or error}") from error


def sources(arguments: Iterable[str]) -> list[Source]:
    """Everything to judge, in the order of the arguments; a folder or a pattern is sorted by name.

    Raises:
        InvalidError: Nothing is named, standard input is named twice, or an address does not name a file.
        NotFoundError: A file is not there, or a folder or a pattern holds nothing to judge.
    """
    found = [source for argument in arguments for source in _named(argument)]
    if not found:
        raise InvalidError("a file to validate expected, none given")
    if sum(source.path is None for source in found) > 1:
        raise InvalidError("standard input (-) expected once, found twice")
    return found


def unpacked(stream: IO[bytes], compression: Compression) -> IO[bytes]:
    """The bytes of a stream as they were before packing."""
    if compression == "gz":
        import gzip  # noqa: PLC0415  (few inputs are packed)

        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]  # it reads as one does
    if compression == "zst":
        import zstandard  # noqa: PLC0415  (as above)

        return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
    return stream


def unpacking_errors() -> tuple[type[Exception], ...]:
    """What reading a packed stream raises when the bytes are damaged."""
    import zlib  # noqa: PLC0415

    import zstandard  # noqa: PLC0415

    return (EOFError, OSError, zlib.error, zstandard.ZstdError)


def compression_of(head: bytes) -> Compression:
    """How a stream is packed, by its first bytes."""
    return _MAGIC.get(head[:2], "")


def _named(argument: str) -> Iterator[Source]:
    if argument == STANDARD_INPUT:
        yield Source("<stdin>", None, has_records=False, compression="", size=0)
        return
    path = _path(argument)
    if argument.startswith("-") and not path.exists():
        raise InvalidError(f"{argument}: no such option, and no such file")
    if path.is_dir():
        yield from _in_folder(path)
    elif not path.exists() and not _MAGIC_LETTERS.isdisjoint(argument):
        yield from _matching(argument)
    else:
        yield _file(path)


def _path(argument: str) -> Path:
    if "://" not in argument:
        return Path(argument)
    address = urlsplit(argument)
    if address.scheme != "file" or address.netloc not in ("", "localhost"):
        raise InvalidError(
            f"{argument}: the address of a file (file:///…) expected; nothing is fetched over the network"
        )
    return Path(unquote(address.path))


def _in_folder(folder: Path) -> Iterator[Source]:
    files = sorted(path for path in folder.rglob("*") if _is_judged(path.relative_to(folder)) and path.is_file())
    if not files:
        raise NotFoundError(f"{folder}: JSON, XML or NDJSON files expected in the folder, none found")
    yield from map(_file, files)


def _matching(pattern: str) -> Iterator[Source]:
    import glob  # noqa: PLC0415  (a shell has mostly done this)

    names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207  (Path.glob takes no absolute pattern)
    files = [path for path in map(Path, names) if path.is_file()]
    if not files:
        raise NotFoundError(f"{pattern}: files expected that match the pattern, none found")
    yield from map(_file, files)


def _is_judged(path: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in path.parts)
    return not is_hidden and path.name not in _NOT_FHIR and _kind(path) in _RECORDS | _DOCUMENTS


def _kind(path: Path) -> str:
    """The suffix that says what a file holds, less the one that says how it is packed."""
    return (path.with_suffix("") if path.suffix.lower() in _COMPRESSIONS else path).suffix.lower()


def _file(path: Path) -> Source:
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise NotFoundError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    return Source(str(path), path, _kind(path) in _RECORDS, _COMPRESSIONS.get(path.suffix.lower(), ""), size)
