"""Text held back until the end of a run: in memory while it is short, in a temporary file from then on."""

import tempfile
from collections.abc import Iterator

_IN_MEMORY = 1 << 20


class Spool:
    """Text put in piece by piece, and read once."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  (closed after it was read)
            max_size=_IN_MEMORY, mode="w+", encoding="utf-8", errors="backslashreplace", newline=""
        )

    def put(self, text: str) -> None:
        """Add to the end."""
        self._file.write(text)

    def read(self) -> Iterator[str]:
        """Everything that was put in, piece by piece."""
        with self._file as file:
            file.seek(0)
            while piece := file.read(_IN_MEMORY):
                yield piece
