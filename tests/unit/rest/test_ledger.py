"""How long the commit of audit records is put off for those who were answered together."""

import asyncio
import time

from tests.unit.rest.desk import Desk, patient

from careloom.rest.ledger import Returning


async def waited(patience: Returning, waiting: list[int]) -> None:
    """Wait while one after the other of these numbers is found waiting; the last for ever."""
    async with asyncio.timeout(10):
        await patience.wait(lambda: waiting.pop(0) if len(waiting) > 1 else waiting[0])


async def test_many_reads_at_once_are_each_audited(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answers = await asyncio.gather(*(desk("GET", "Patient/p") for _ in range(20)))
    told = {answer.headers["Careloom-Audit"] for answer in answers}
    assert len(told) == 20
    assert told <= {f"AuditEvent/{audit['id']}" for audit in await desk.audits()}


async def test_who_was_answered_together_is_waited_for() -> None:
    patience = Returning(share=1.0, most_seconds=3_600)
    patience.wrote(3, 3_600)
    waiting = [1, 2, 3]
    await waited(patience, waiting)
    assert waiting == [3]


async def test_who_does_not_come_back_is_waited_for_as_long_as_a_part_of_the_commit_took() -> None:
    patience = Returning(share=0.5, most_seconds=3_600)
    patience.wrote(3, 0.1)
    started = time.monotonic()
    await waited(patience, [1])
    assert time.monotonic() - started >= 0.05


async def test_nobody_is_waited_for_longer_than_the_most() -> None:
    patience = Returning(share=1.0, most_seconds=0.01)
    patience.wrote(3, 3_600)
    await waited(patience, [1])


async def test_nobody_is_waited_for_who_was_alone() -> None:
    patience = Returning(share=1.0, most_seconds=3_600)
    for number in (0, 1):
        patience.wrote(number, 3_600)
        await waited(patience, [1])
