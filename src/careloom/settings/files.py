"""The settings file, and the files that it names."""

import tomllib
from pathlib import Path
from typing import Any

from careloom.model.errors import MalformedError, UnavailableError


def read_file(path: Path) -> bytes:
    """What a file holds.

    Raises:
        UnavailableError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a settings file.

    Raises:
        UnavailableError: It cannot be read.
        MalformedError: It is not TOML; the message has line and column.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnavailableError(f"{path}: settings cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{path}: not TOML: {error}") from error
