"""Bodies smaller on the way: gzip and zstd, in and out.

A few bytes can stand for gigabytes. What comes in is therefore unpacked piece by piece, and given up as soon as it is
larger than the ceiling for bodies, so a bomb costs no more memory than an honest body of the largest size.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache

import zstandard

from careloom.model.errors import MalformedError
from careloom.rest.errors import BodyTooLargeError, UnsupportedMediaError

SMALLEST = 1024
"""Bytes from which on an answer is worth packing."""

_GZIP_LEVEL = 5
_ZSTD_LEVEL = 3
_ZSTD_WINDOW = 8 * 1024 * 1024
"""Bytes of history that a sender may ask us to keep; what RFC 8878 recommends every decoder to support."""

_ZSTD_STEP = 256
"""Bytes of packed data looked at in one go; four of them may stand for 128 KiB."""

_GZIP_FRAME = 16 + zlib.MAX_WBITS
_QUALITY = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)")


def unpacked(data: bytes, encoding: str, limit: int) -> bytes:
    """A body as it was before it was packed for the way.

    Args:
        data: As received.
        encoding: Of ``Content-Encoding``.
        limit: Bytes that the body may have.

    Raises:
        UnsupportedMediaError: An encoding that is not read.
        BodyTooLargeError: More bytes than the limit.
        MalformedError: It is damaged or incomplete.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return data
    if name not in _UNPACK:
        raise UnsupportedMediaError(f"Content-Encoding: {' or '.join(_UNPACK)} expected, found {name[:40]}")
    try:
        return _UNPACK[name](data, limit)
    except (zlib.error, zstandard.ZstdError) as error:
        raise MalformedError(f"the body is not {name}: {error}") from error


@lru_cache(maxsize=256)
def packing(accepted: str) -> str:
    """The encoding to answer in, out of what ``Accept-Encoding`` accepts; empty for none.

    zstd goes before gzip where the client values them alike. Source: RFC 9110, 12.5.3.
    """
    values = dict(_qualities(accepted))
    others = values.get("*", 0.0)
    best = max(_PACK, key=lambda name: values.get(name, others))
    return best if values.get(best, others) > 0 else ""


def packed(data: bytes, encoding: str) -> bytes:
    """A body in an encoding that `packing` has chosen."""
    return _PACK[encoding](data)


def _ungzip(data: bytes, limit: int) -> bytes:
    """Unpack all members of a gzip body."""
    found = bytearray()
    rest = data
    while rest:
        member = zlib.decompressobj(_GZIP_FRAME)
        found += member.decompress(rest, limit + 1 - len(found))
        _require_within(found, limit)
        if not member.eof:
            raise MalformedError("the body ends before its gzip data does")
        rest = member.unused_data
    return bytes(found)


def _unzstd(data: bytes, limit: int) -> bytes:
    """Unpack all frames of a zstd body, in steps so short that none of them unpacks to more than a few megabytes."""
    found = bytearray()
    rest = data
    while rest:
        frame, place = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj(), 0
        while place < len(rest) and not frame.eof:
            found += frame.decompress(rest[place : place + _ZSTD_STEP])
            _require_within(found, limit)
            place += _ZSTD_STEP
        if not frame.eof:
            raise MalformedError("the body ends before its zstd data does")
        rest = frame.unused_data + rest[place:]
    return bytes(found)


def _require_within(found: bytes | bytearray, limit: int) -> None:
    if len(found) > limit:
        raise BodyTooLargeError(f"the body unpacks to more than {limit} bytes, no more are read")


def _qualities(accepted: str) -> list[tuple[str, float]]:
    found = []
    for part in accepted.split(","):
        name, _, rest = part.partition(";")
        quality = _QUALITY.search(rest)
        found.append((name.strip().lower(), float(quality[1]) if quality else 1.0))
    return [(name, quality) for name, quality in found if name]


_UNPACK: Mapping[str, Callable[[bytes, int], bytes]] = {"gzip": _ungzip, "zstd": _unzstd}
_PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": lambda data: zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data),
    "gzip": lambda data: gzip.compress(data, _GZIP_LEVEL, mtime=0),
}
