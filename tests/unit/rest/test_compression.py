import gzip
import zlib

import pytest
import zstandard

from careloom.model.errors import MalformedError
from careloom.rest.compression import packed, packing, unpacked
from careloom.rest.errors import BodyTooLargeError, UnsupportedMediaError

TEXT = b"a record " * 1000


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_what_is_packed_is_unpacked(encoding: str) -> None:
    small = packed(TEXT, encoding)
    assert len(small) < len(TEXT) / 10
    assert unpacked(small, encoding.upper(), len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bomb_is_given_up_at_the_limit(encoding: str) -> None:
    bomb = packed(bytes(50_000_000), encoding)
    assert len(bomb) < 100_000
    with pytest.raises(BodyTooLargeError):
        unpacked(bomb, encoding, 1_000_000)


def test_bomb_of_many_members_is_given_up_at_the_limit() -> None:
    with pytest.raises(BodyTooLargeError):
        unpacked(gzip.compress(bytes(1000)) * 2000, "gzip", 1_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"x" + data, lambda data: b""])
def test_damaged_body_is_malformed(encoding: str, damage: object) -> None:
    assert callable(damage)
    if damage(b"xx") == b"":
        assert unpacked(b"", encoding, 10) == b""
        return
    with pytest.raises(MalformedError):
        unpacked(damage(packed(TEXT, encoding)), encoding, 1_000_000)


def test_zstd_that_asks_for_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, compression_level=1)
    greedy = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = greedy.compress(TEXT) + greedy.flush()
    with pytest.raises(MalformedError):
        unpacked(data, "zstd", 1_000_000)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x" * 100])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaError):
        unpacked(zlib.compress(TEXT), encoding, 1_000_000)


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("*", "zstd"),
        ("*;q=0, gzip", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("identity", ""),
        ("gzip;q=0", ""),
    ],
)
def test_encoding_that_the_client_values_most_is_chosen(accepted: str, chosen: str) -> None:
    assert packing(accepted) == chosen
