"""Whether the files that SQLite writes to are still those by their names.

A database that is removed or replaced under an open connection goes on taking writes, into files that are gone once
they are closed: every answer would be a promise that the next start breaks. SQLite does not look, so we do.
"""

from pathlib import Path

from careloom.model.errors import UnavailableError


class Footing:
    """Knows the database file and its write-ahead log from the first time it looked.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._paths = (path, self._log)
        self._known: dict[Path, tuple[int, int]] = {}

    def forget_log(self) -> None:
        """The log may be another one from here on: the connection was opened anew."""
        self._known.pop(self._log, None)

    def require(self) -> None:
        """See that both files are there and the same as ever; asked after a commit, when both must be.

        Raises:
            UnavailableError: One was removed or replaced.
        """
        for path in self._paths:
            try:
                found = path.stat()
            except OSError as error:
                raise UnavailableError(f"{path}: was removed while the hub had it open") from error
            identity = found.st_dev, found.st_ino
            if self._known.setdefault(path, identity) != identity:
                raise UnavailableError(f"{path}: was replaced while the hub had it open")
