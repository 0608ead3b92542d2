"""Reads at one time share the commit of their audit records."""

import asyncio

from tests.unit.rest.desk import Desk, patient


async def test_many_reads_at_once_are_each_audited(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answers = await asyncio.gather(*(desk("GET", "Patient/p") for _ in range(20)))
    told = {answer.headers["Careloom-Audit"] for answer in answers}
    assert len(told) == 20
    assert told <= {f"AuditEvent/{audit['id']}" for audit in await desk.audits()}
