"""A port that takes messages, as senders use it and misuse it."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import hl7.mllp
from tests.integration.hl7v2.conftest import Desk, adt
from tests.patience import PATIENCE, becomes

from careloom.connectors.hl7v2 import Limits, MllpListener, parse
from careloom.connectors.hl7v2.mllp import END, framed
from careloom.store.ids import new_id


@asynccontextmanager
async def listening(desk: Desk, **limits: Any) -> AsyncIterator[MllpListener]:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    listener = MllpListener(desk.source.take, limits=Limits(**limits), clock=lambda: now, new_id=new_id)
    await listener.start("127.0.0.1", 0)
    try:
        yield listener
    finally:
        await listener.stop()


async def _ask(port: int, *pieces: bytes, answers: int) -> list[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    found = [await asyncio.wait_for(reader.readuntil(END), PATIENCE) for _ in range(answers)]
    writer.close()
    return [parse(answer.strip(b"\x0b\x1c\r")).first("MSA").value(1).text for answer in found]


async def test_another_library_sends_and_reads_the_answer(desk: Desk) -> None:
    async with listening(desk) as listener:
        reader, writer = await hl7.mllp.open_hl7_connection("127.0.0.1", listener.port)
        writer.writemessage(hl7.parse(adt("A01").decode()))
        await writer.drain()
        answer = await asyncio.wait_for(reader.readmessage(), PATIENCE)
        writer.close()
    assert str(answer.segment("MSA")[1]) == "AA"


async def test_messages_that_are_not_waited_for_are_answered_in_their_order(desk: Desk) -> None:
    messages = [adt("A31", control_id=f"M{number}") for number in range(100)]
    async with listening(desk, under_way=8) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"".join(map(framed, messages)))
        answers = [await asyncio.wait_for(reader.readuntil(END), PATIENCE) for _ in messages]
        writer.close()
    found = [parse(answer.strip(b"\x0b\x1c\r")).first("MSA").value(2).text for answer in answers]
    assert found == [f"M{number}" for number in range(100)]


async def test_a_message_in_pieces_is_one_message(desk: Desk) -> None:
    wire = framed(adt("A01"))
    async with listening(desk) as listener:
        assert await _ask(listener.port, *(wire[at : at + 7] for at in range(0, len(wire), 7)), answers=1) == ["AA"]


async def test_noise_is_refused_and_the_next_message_taken(desk: Desk) -> None:
    async with listening(desk) as listener:
        assert await _ask(listener.port, adt("A28"), framed(adt("A28")), answers=2) == ["AR", "AA"]


async def test_a_message_over_the_limit_is_refused_without_being_kept(desk: Desk) -> None:
    async with listening(desk, message_bytes=1000) as listener:
        assert await _ask(listener.port, b"\x0b" + b"x" * 5000, framed(adt("A28")), answers=2) == ["AR", "AA"]


async def test_a_message_of_fifty_megabytes_is_refused_without_being_kept() -> None:
    taken: list[bytes] = []

    async def take(message: bytes, address: str) -> bytes:
        taken.append(message)
        return b"MSH|^~\\&|\rMSA|AA\r"

    now = datetime(2026, 11, 22, tzinfo=UTC)
    listener = MllpListener(take, limits=Limits(), clock=lambda: now, new_id=new_id)
    await listener.start("127.0.0.1", 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pieces = [b"\x0bMSH|", *[b"x" * 1_000_000] * 50, END, framed(b"MSH|small")]
    assert ["AR", "AA"] == await _ask(listener.port, *pieces, answers=2)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    await listener.stop()
    assert ([b"MSH|small"], True) == (taken, grown < 40_000), f"{grown} kB more"


async def test_a_message_of_nearly_ten_megabytes_is_taken(desk: Desk) -> None:
    lines = b"".join(b"ZNT|%d|%s\r" % (number, b"x" * 90) for number in range(95_000))
    async with listening(desk) as listener:
        assert await _ask(listener.port, framed(adt("A01") + lines), answers=1) == ["AA"]


async def test_who_sends_slowly_is_waited_for_and_holds_up_nobody(desk: Desk) -> None:
    async with listening(desk, patience=PATIENCE) as listener:
        _, slow = await asyncio.open_connection("127.0.0.1", listener.port)
        slow.write(framed(adt("A28"))[:-10])
        await slow.drain()
        assert await _ask(listener.port, framed(adt("A31", pid="1||A-2^^^ACUTE||Shah^Priya")), answers=1) == ["AA"]
        slow.write(framed(adt("A28"))[-10:])
        async with asyncio.timeout(PATIENCE):
            while len(await desk.every("Patient")) < 2:
                await asyncio.sleep(0.01)
        slow.close()


async def test_a_connection_holds_no_more_bytes_than_it_may_and_answers_all_the_same() -> None:
    held, most, hold = 0, 0, asyncio.Event()

    async def take(message: bytes, address: str) -> bytes:
        nonlocal held, most
        held += len(message)
        most = max(most, held)
        await hold.wait()
        held -= len(message)
        return b"MSH|^~\\&|\rMSA|AA\r"

    limits = Limits(message_bytes=50_000, connection_bytes=100_000)
    listener = MllpListener(take, limits=limits, clock=lambda: datetime(2026, 11, 22, tzinfo=UTC), new_id=new_id)
    await listener.start("127.0.0.1", 0)
    messages = [b"MSH|" + b"x" * size for size in (40_000, 40_000, 40_000, 49_000, 10, 30_000)]
    asking = asyncio.create_task(_ask(listener.port, *map(framed, messages), answers=len(messages)))
    await becomes(lambda: held >= 80_008)
    await asyncio.sleep(0.2)
    assert 80_008 == held
    hold.set()
    assert ["AA"] * len(messages) == await asking
    await listener.stop()
    assert 80_008 <= most <= 100_000


async def test_a_connection_that_stops_in_mid_message_is_closed(desk: Desk) -> None:
    async with listening(desk, patience=0.05) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"\x0bMSH|")
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()


async def test_a_connection_at_rest_is_left_alone(desk: Desk) -> None:
    async with listening(desk, patience=0.05) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        await asyncio.sleep(0.2)
        writer.write(framed(adt("A28")))
        assert await asyncio.wait_for(reader.readuntil(END), PATIENCE)
        writer.close()


async def test_a_sender_that_leaves_before_the_answer_loses_nothing(desk: Desk) -> None:
    async with listening(desk) as listener:
        _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(framed(adt("A28")))
        await writer.drain()
        writer.close()
        async with asyncio.timeout(PATIENCE):
            while not await desk.every("Patient"):
                await asyncio.sleep(0.01)


async def test_one_connection_too_many_is_closed(desk: Desk) -> None:
    async with listening(desk, connections=1) as listener:
        _, first = await asyncio.open_connection("127.0.0.1", listener.port)
        await asyncio.sleep(0.05)
        reader, second = await asyncio.open_connection("127.0.0.1", listener.port)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        first.close()
        second.close()


async def test_stopping_answers_what_is_under_way(desk: Desk) -> None:
    async with listening(desk) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(framed(adt("A28")))
        assert await asyncio.wait_for(reader.readuntil(END), PATIENCE)
        await listener.stop()
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
