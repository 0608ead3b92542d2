"""From a CodeSystem file to a table on disk.

The table is written under another name and takes its own when it is whole and on the disk, so that a load that is
killed leaves nothing that anyone would read.
"""

import contextlib
import gc
import hashlib
import os
import re
import sqlite3
import sys
from array import array
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from careloom.model import serialize_json
from careloom.model.errors import UnavailableError
from careloom.model.records import dataclass
from careloom.terminology.stored.gathering import STEP, Gathered, Progress, folding, gather
from careloom.terminology.stored.hierarchy import ancestors
from careloom.terminology.stored.source import open_source
from careloom.terminology.stored.spool import Spool

SUFFIX = ".codes.db"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded.

    Attributes:
        file: The table on disk.
        unknown_parents: Codes named as parents that the file does not have, some of them.
    """

    url: str
    version: str
    concepts: int
    file: Path
    unknown_parents: tuple[str, ...] = ()


def load_code_system(path: Path, folder: Path, progress: Progress = lambda what, done: None) -> Loaded:
    """Make a table of a CodeSystem file; one of the same URL and version is replaced.

    Args:
        path: JSON or NDJSON, see `careloom.terminology.stored.source`.
        folder: Where tables are kept; made when it is not there.
        progress: Told how far it is.

    Raises:
        NotFoundError: There is no such file.
        MalformedError: It cannot be read.
        DefinitionError: It is no code system, has a code twice, or its hierarchy has a loop.
        TooCostlyError: Its hierarchy is too deep.
        UnavailableError: The table cannot be written.
    """
    source = open_source(path)
    target = folder / file_name(source.header.url, source.header.version)
    with _collector_resting(), _told_of(target), contextlib.closing(_spool(folder)) as spool:
        gathered = gather(source, spool, progress)
        _write(gathered, spool, target, progress)
        return Loaded(
            gathered.header.url, gathered.header.version, len(gathered.rows), target, gathered.unknown_parents
        )


def _spool(folder: Path) -> Spool:
    folder.mkdir(parents=True, exist_ok=True)
    return Spool(folder)


@contextlib.contextmanager
def _told_of(target: Path) -> Iterator[None]:
    """Have what the disk or SQLite refuses name the table."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise UnavailableError(f"{target}: the table cannot be written: {error}") from error


def file_name(url: str, version: str) -> str:
    """The name of the table of a code system: readable, and no other's."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", url.partition("://")[2] or url).strip("-")[:60]
    return f"{words}-{hashlib.sha256(f'{url}|{version}'.encode()).hexdigest()[:12]}{SUFFIX}"


@contextlib.contextmanager
def _collector_resting() -> Iterator[None]:
    """Without the garbage collector, which would look at millions of objects again and again and find nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write(gathered: Gathered, spool: Spool, target: Path, progress: Progress) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as database:
            _fill(database, gathered, spool, progress)
        _put_in_place(draft, target)
    finally:
        with contextlib.suppress(OSError):  # it is in place, or could not be made
            draft.unlink()


def _fill(database: sqlite3.Connection, gathered: Gathered, spool: Spool, progress: Progress) -> None:
    """Write the table; it is a draft, so a crash may leave it in pieces."""
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 8192;")
    database.executescript(files(__package__).joinpath("schema.sql").read_text("utf-8"))
    database.execute("BEGIN")
    database.execute("INSERT INTO code_system VALUES (?, ?, ?, ?, ?, ?, ?)", _header_row(gathered))
    progress("write", 0)
    database.executemany("INSERT INTO edge VALUES (?, ?)", _edges(gathered.above))
    database.executemany("INSERT INTO concept VALUES (?, ?, ?, ?, ?, ?)", _concepts(gathered))
    database.executemany("INSERT INTO more VALUES (?, ?, ?, ?)", _more(gathered, spool, progress))
    database.execute("COMMIT")


def _edges(above: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Parent and child, in the order of the table; packed into one number each while they are sorted."""
    packed = array("Q", (parent << 32 | child for child, parents in enumerate(above) for parent in parents))
    return ((edge >> 32, edge & 0xFFFFFFFF) for edge in sorted(packed))


def _header_row(gathered: Gathered) -> tuple[object, ...]:
    header = gathered.header
    return (
        header.url,
        header.version,
        header.title or header.name,
        header.content == "complete" and bool(gathered.rows),
        header.caseSensitive,
        serialize_json(sorted(gathered.property_codes)).decode(),
        len(gathered.rows),
    )


def _concepts(gathered: Gathered) -> Iterator[tuple[str, int, str | None, str, str, int]]:
    """The rows of the table, in its order."""
    rows, fold = gathered.rows, folding(gathered.header)
    for number in sorted(range(len(rows)), key=lambda each: fold(rows[each].code)):
        row = rows[number]
        key = fold(row.code)
        status = row.is_inactive + 2 * row.is_abstract
        yield key, number, None if key == row.code else row.code, row.display, "\n".join(row.parents), status


def _more(gathered: Gathered, spool: Spool, progress: Progress) -> Iterator[tuple[int, str, bytes, bytes]]:
    fold = folding(gathered.header)
    closure = ancestors(gathered.above, gathered.header.url)
    for number, (row, position, numbers) in enumerate(zip(gathered.rows, gathered.order, closure, strict=True)):
        if sys.byteorder == "big":
            numbers.byteswap()
        yield number, fold(row.code), numbers.tobytes(), spool.read(position)
        if number % STEP == 0:
            progress("write", number)


def _put_in_place(draft: Path, target: Path) -> None:
    """Have the disk take the file, then give it its name."""
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
