"""Where kept values lie: in the folder that the platform has for such things, for its owner alone, and not for ever.

Values are read by `marshal`, so nobody but their owner may write them: the folder is made for its owner alone, and one
that belongs to somebody else, or that others may write to, is not used.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from careloom.definitions.kept.file import KeptFile, stamp_of

FOLDER_VARIABLE = "CARELOOM_CACHE"
OFF = "off"
SUFFIX = ".kept"

_DAY = 24 * 60 * 60
_UNUSED = 60 * _DAY
"""Seconds after which a file that nobody asked for is removed."""

_PARTIAL = _DAY
"""Seconds after which a file is taken for what a writer left behind that was killed."""

_WRITABLE_BY_OTHERS = 0o022


def default_folder() -> Path | None:
    """``$CARELOOM_CACHE``, else ``careloom/definitions`` where the platform keeps such things; None where it is off."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return None if chosen == OFF else Path(chosen).expanduser() / "definitions"
    try:
        return _platform_folder() / "careloom" / "definitions"
    except RuntimeError:  # there is no home
        return None


class KeptFolder:
    """The files of kept values of one user.

    Args:
        path: Made when it is first written to; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @classmethod
    def of_user(cls) -> "KeptFolder":
        """The folder that the environment and the platform say."""
        return cls(default_folder())

    def file(self, name: str, *made_by: str) -> KeptFile | None:
        """The file for what is made of one package; None when nothing may be kept here.

        Args:
            name: Readable, and fit to name a file.
            made_by: Whatever else decides what is made, beside Careloom and Python.
        """
        if self.path is None or not _is_ours(self.path):
            return None
        fingerprint = "\n".join((sys.version, _sources(), *made_by))
        place = crc32("\n".join((*made_by[:1], str(_home()))).encode())
        path = self.path / f"{name}.{sys.implementation.cache_tag}.{place:08x}{SUFFIX}"
        _touch(path)
        return KeptFile(path, fingerprint)

    def clear(self) -> int:
        """Remove all that is kept; the number of files."""
        files = list(self._files())
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def prune(self) -> None:
        """Remove what nobody has asked for in a long time, and what writers left behind."""
        now = time.time()
        for file in self._files():
            patience = _UNUSED if file.suffix == SUFFIX else _PARTIAL
            with contextlib.suppress(OSError):
                if now - file.stat().st_mtime > patience:
                    file.unlink()

    def _files(self) -> Iterator[Path]:
        if self.path is not None and self.path.is_dir():
            yield from (path for path in self.path.iterdir() if path.suffix in (SUFFIX, ".partial"))


def _platform_folder() -> Path:
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen and Path(chosen).is_absolute():
        return Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _is_ours(folder: Path) -> bool:
    """Whether the folder, made if need be, belongs to this user and nobody else may write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return False
    if not hasattr(os, "geteuid"):
        return True  # Windows, where what is below a user's profile is the user's
    return found.st_uid == os.geteuid() and not found.st_mode & _WRITABLE_BY_OTHERS


def _touch(path: Path) -> None:
    """Note once a day that a file is in use."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _DAY:
            os.utime(path)


def _home() -> Path:
    return Path(__file__).parents[1]


def _sources() -> str:
    """What tells one state of the modules that make what is kept from another, of a release or of a checkout."""
    folders = (_home(), _home() / "snapshot")
    modules = sorted(path for folder in folders for path in folder.iterdir() if path.suffix == ".py")
    return " ".join(map(str, stamp_of(_home().parent / "__init__.py", *modules)))
