"""How a command ends that cannot do what it is asked for: with a message on standard error, and exit code 2."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from careloom.model.errors import CareloomError

CANNOT_RUN: Final = 2
"""Exit code of a command that could not do what it was asked for."""


@contextmanager
def errors_told(command: str) -> Iterator[None]:
    """Tell what cannot be done, without a stack trace, and exit.

    Args:
        command: What stands behind ``careloom``: ``packages``, ``db status``.
    """
    try:
        yield
    except CareloomError as error:
        print(f"careloom {command}: {error}", file=sys.stderr)
        sys.exit(CANNOT_RUN)
