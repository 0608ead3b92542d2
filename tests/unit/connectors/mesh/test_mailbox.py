"""A message out of a mailbox is whole, or it is none."""

import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from careloom.connectors.mesh.authorization import MailboxKey
from careloom.connectors.mesh.mailbox import Mailbox
from careloom.model.errors import InvalidError, NotFoundError, TooCostlyError

WHOLE = b"what was sent " * 100


class Shelf(Mailbox):
    """A mailbox with one message, in chunks as they are handed out."""

    def __init__(self, *chunks: bytes, total: int | None = None, encoding: str = "gzip") -> None:
        session: Any = None
        super().__init__(session, "https://mesh.example", MailboxKey("X26ABC1", "password", "key"))
        self._chunks, self._total, self._encoding = chunks, total or len(chunks), encoding

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        number = int(path.removeprefix("/inbox/m").removeprefix("/") or 1)
        if number > len(self._chunks):
            raise NotFoundError("404")
        told = {"mex-Chunk-Range": f"{number}:{self._total}", "Content-Encoding": self._encoding, "mex-From": "A"}
        return told, self._chunks[number - 1]


async def test_chunks_become_one_message() -> None:
    pieces = [gzip.compress(WHOLE[:500]), gzip.compress(WHOLE[500:])]
    assert WHOLE == (await Shelf(*pieces).collect("m")).data  # type: ignore[union-attr]


async def test_a_chunk_that_is_not_there_is_told_and_not_taken_for_a_message_that_is_gone() -> None:
    with pytest.raises(InvalidError, match="chunk 2:3 expected, none found"):
        await Shelf(gzip.compress(WHOLE), total=3).collect("m")
    with pytest.raises(NotFoundError):
        await Shelf(total=1).collect("m")


@pytest.mark.parametrize("told", ["2:3", "3:2", "1:2"])
async def test_a_chunk_out_of_its_place_is_refused(told: str) -> None:
    class Shuffled(Shelf):
        async def _ask(self, method: str, path: str, *arguments: Any) -> tuple[Mapping[str, str], bytes]:
            headers, data = await super()._ask(method, path, *arguments)
            return ({**headers, "mex-Chunk-Range": told} if path.endswith("/2") else headers), data

    with pytest.raises(InvalidError, match=f"chunk 2:2 expected, {told} found"):
        await Shuffled(gzip.compress(WHOLE), gzip.compress(WHOLE)).collect("m")


async def test_a_message_of_no_bytes_is_a_message_of_no_bytes() -> None:
    found = await Shelf(gzip.compress(b"")).collect("m")
    assert b"" == found.data  # type: ignore[union-attr]
    plain = await Shelf(b"", encoding="").collect("m")
    assert b"" == plain.data  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "data",
    [gzip.compress(WHOLE)[:-20], gzip.compress(WHOLE)[:-4], gzip.compress(WHOLE) + gzip.compress(WHOLE), WHOLE],
    ids=["cut", "without its end", "two", "none"],
)
async def test_gzip_that_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidError, match="gzip expected"):
        await Shelf(data).collect("m")


async def test_what_unpacks_to_more_than_the_limit_is_refused() -> None:
    with pytest.raises(TooCostlyError):
        await Shelf(gzip.compress(b"0" * 10_000_000)).collect("m", limit=1000)
