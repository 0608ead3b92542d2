"""A package is in the cache whole or not at all.

It is written to a hidden folder beside its place and renamed into it, so a killed process leaves at most a hidden
folder that nobody takes for a package. Writers of one cache take turns by a lock on a file; whoever has
the turn clears away what others left behind.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from careloom.definitions.cache import PackageCache, PackageId
from careloom.definitions.packages.archive import files_in
from careloom.model.errors import UnavailableError

if sys.platform != "win32":
    import fcntl

_PARTIAL = ".careloom-partial-"
_LOCK = ".careloom-lock"
# FHIR itself has 4,600 files: flushing everything once takes a second, flushing each of them takes minutes.
_MANY = 500
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def staging(cache: PackageCache) -> Iterator[Path]:
    """An empty folder in the cache to write a package into; gone afterwards, whatever happens.

    Raises:
        UnavailableError: The disk is full, or the cache cannot be written; names the folder.
    """
    with told_as_unavailable(cache.root):
        cache.root.mkdir(parents=True, exist_ok=True)
        with (cache.root / _LOCK).open("wb") as lock:
            _take_turn(lock, cache.root)
            partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=cache.root))
            try:
                yield partial
            finally:
                shutil.rmtree(partial, ignore_errors=True)


def place(partial: Path, cache: PackageCache, id: PackageId, *, replace: bool) -> None:
    """Put what was written to a staging folder into its place, safe on disk.

    Args:
        partial: From `staging`; holds ``package/``.
        cache: The cache that it was made for.
        id: What it is.
        replace: Take the place of a package of the same name and version; left alone otherwise.
    """
    target = cache.folder(id)
    if cache.has(id) and not replace:
        return
    _make_durable(partial)
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=cache.root))
        target.replace(old / "replaced")
        partial.replace(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        partial.replace(target)
    target.chmod(0o755)
    _sync_folder(cache.root)


@contextmanager
def told_as_unavailable(folder: Path) -> Iterator[None]:
    """Turn what the operating system says of a disk into an error of ours."""
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno in _NO_SPACE else str(error)
        raise UnavailableError(f"{folder} cannot be written: {why}") from error


def _take_turn(lock: IO[bytes], root: Path) -> None:
    if sys.platform == "win32":
        return  # it has no such lock, so nothing is cleared away there: it may still be in use
    fcntl.flock(lock, fcntl.LOCK_EX)
    for leftover in root.glob(f"{_PARTIAL}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _make_durable(folder: Path) -> None:
    """Have the files on the disk before their folder gets its name."""
    files = list(files_in(folder))
    if len(files) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    for path in files:
        with path.open("rb+") as file:
            os.fsync(file)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    with suppress(PermissionError):  # Windows does not open folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
