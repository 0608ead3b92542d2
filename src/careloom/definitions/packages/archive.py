"""A package's tgz to a folder, nothing in it trusted; and a folder's files to a tgz, always the same bytes."""

import gzip
import io
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from careloom.model.errors import InvalidError, MalformedError, TooCostlyError

LARGEST_MEMBER = 256 * 1024 * 1024
LARGEST_TOTAL = 4 * 1024 * 1024 * 1024
MOST_MEMBERS = 200_000

# npm's fixed time, 1985-10-26T08:15:00Z, so that a package made twice is the same file.
_PACKED_AT = 499_162_500
_ODD_NAME = re.compile(r"^[A-Za-z]:|[\\\x00]")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a package's tgz into an empty folder.

    Raises:
        MalformedError: The file is no gzipped tar, or is cut short.
        InvalidError: A member would be written outside the folder, or is neither a file nor a folder; names it.
        TooCostlyError: A member, or all together, are over the stated sizes.
        OSError: It cannot be written.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            total = 0
            for number, member in enumerate(tar, start=1):
                target = _target(member, folder, archive.name)
                total += member.size
                _check_size(member, number, total, archive.name)
                _write(tar, member, target)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise MalformedError(f"{archive.name}: not a FHIR package, a gzipped tar expected: {error}") from error


def pack(files: Mapping[str, bytes], archive: Path) -> None:
    """Write files as a tgz: sorted, without owner, at one fixed time.

    Args:
        files: Content by name, ``package/package.json``.
        archive: The file to write.
    """
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, content in sorted(files.items()):
            tar.addfile(_member(name, content), io.BytesIO(content))


def _target(member: tarfile.TarInfo, folder: Path, archive: str) -> Path:
    """Where a member goes, when it may go anywhere."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or _ODD_NAME.search(member.name):
        raise InvalidError(f"{archive}: refused, {member.name!r} would be written outside the package")
    if not (member.isreg() or member.isdir()):
        raise InvalidError(f"{archive}: refused, {member.name!r} is neither a file nor a folder, links are not allowed")
    return folder.joinpath(*name.parts)


def _check_size(member: tarfile.TarInfo, number: int, total: int, archive: str) -> None:
    if member.size > LARGEST_MEMBER:
        raise TooCostlyError(f"{archive}: refused, {member.name!r} is over {LARGEST_MEMBER} bytes: {member.size}")
    if total > LARGEST_TOTAL:
        raise TooCostlyError(f"{archive}: refused, its files are over {LARGEST_TOTAL} bytes together")
    if number > MOST_MEMBERS:
        raise TooCostlyError(f"{archive}: refused, it has more than {MOST_MEMBERS} files")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member)
    assert content is not None  # a regular file, see _target
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as out:
        shutil.copyfileobj(content, out)


def _member(name: str, content: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), _PACKED_AT, 0o644
    return member


def files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted."""
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))
