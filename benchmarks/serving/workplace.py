"""Where a benchmark keeps what it measures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_VAR = Path(__file__).parents[2] / "var"


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that is removed at the end: on the disk of the repository, where git leaves alone what it holds."""
    _VAR.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=_VAR) as folder:
        yield Path(folder)
