"""Private keys on disk: readable by their owner alone, written whole or not at all."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from careloom.governance.keys import PrivateKey, new_key, private_keys
from careloom.model.errors import CareloomError, ConflictError, InvalidError, UnavailableError
from careloom.model.json import parse_json, serialize_json

HUB_ALGORITHM = "ES256"
_OWNER_ONLY = 0o600


def hub_keys(path: Path) -> tuple[PrivateKey, ...]:
    """The hub's own keys, made at the first start: one key, or a set of which the first signs.

    To change keys, put the new one first and leave the old one in until its last token has run out.

    Raises:
        InvalidError: The file is not a private JWK or set, or others may read it.
        UnavailableError: The file cannot be read or written.
    """
    if not path.exists():
        # Another hub that starts at the same moment may be first; its key is then as good as ours.
        with contextlib.suppress(ConflictError):
            write_private_key(path, new_key(HUB_ALGORITHM))
    return read_private_keys(path)


def read_private_keys(path: Path) -> tuple[PrivateKey, ...]:
    """Read a private JWK, or a set of them, from a file that only its owner may read.

    Raises:
        InvalidError: Not that, or others may read it; the message has the path.
        UnavailableError: The file cannot be read.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InvalidError("others may read it: chmod 600 expected for a private key")
        return private_keys(parse_json(path.read_bytes()))
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from error
    except CareloomError as error:
        raise InvalidError(f"{path}: {error}") from error


def write_private_key(path: Path, key: PrivateKey) -> None:
    """Write a private JWK to a new file with mode 0600.

    Raises:
        ConflictError: There is a file of that name; a key is never overwritten.
        UnavailableError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, serialize_json(key.as_json(), pretty=True) + b"\n")
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from error


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside, then link into place: a link, unlike a rename, never replaces what is there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write_new(draft, data)
    try:
        os.link(draft, path)
    except FileExistsError as error:
        raise ConflictError(f"{path}: there is a file of that name, and a key is never overwritten") from error
    finally:
        draft.unlink()


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
