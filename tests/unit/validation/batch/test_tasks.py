"""Cutting: whatever the pieces are, the lines are the same, each once and in order."""

import gzip
import io

import pytest
import zstandard

from careloom.validation.batch.tasks import Block, blocks, lines_of


class Drip(io.BytesIO):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(3)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\n\nb\n", [b"a", b"", b"b"]),
        (b"\n", [b""]),
        (b"a\x0bb\x1cc\n", [b"a\x0bb\x1cc"]),
    ],
)
def test_lines_part_at_line_feeds_alone(data: bytes, lines: list[bytes]) -> None:
    assert lines_of(data) == lines


@pytest.mark.parametrize("data", [b"", b"a", b"abcdefgh\nij\n\nklmnopqrstuvw\nx", b"abcdefgh\n" * 9])
def test_a_stream_gives_whole_lines_however_it_drips(data: bytes) -> None:
    found = list(blocks("x", Drip(data), ""))
    assert [line for block in found for line in lines_of(block.data)] == lines_of(data)
    lines = [len(lines_of(block.data)) for block in found]
    assert [block.before for block in found] == [sum(lines[:number]) for number in range(len(found))]
    assert sum(block.size for block in found) in (len(data), data.rfind(b"\n") + 1)


def test_packed_streams_are_unpacked() -> None:
    data = b"abc\ndef\n"
    for packed, compression in ((gzip.compress(data), "gz"), (zstandard.compress(data), "zst")):
        found = list(blocks("x", io.BytesIO(packed), compression))  # type: ignore[arg-type]
        assert b"".join(block.data for block in found) == data


def test_damage_is_told_after_the_last_whole_line() -> None:
    packed = gzip.compress(b"".join(b"%d\n" % number for number in range(50_000)))
    *whole, last = blocks("x", io.BytesIO(packed[:-2000]), "gz")
    assert whole
    assert all(block.data.endswith(b"\n") and not block.damage for block in whole)
    assert isinstance(last, Block)
    assert last.data == b""
    assert "the packed data is damaged" in last.damage
