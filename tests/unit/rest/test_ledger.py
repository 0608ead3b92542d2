import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from tests.unit.rest.desk import Desk, patient

from careloom.model.errors import ConflictError, UnavailableError
from careloom.rest.ledger import MOST, Ledger
from careloom.store import Prepared, Turn

T = TypeVar("T")


class Slow:
    """A repository whose commits take a while, counts them, and may fail."""

    def __init__(self, inner: Any, *, refused: str = "", error: Exception | None = None) -> None:
        self._inner = inner
        self._refused = refused
        self._error = error
        self.commits = 0

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "", size: int = 0) -> T:
        self.commits += 1
        await asyncio.sleep(0)
        if self._error:
            raise self._error
        done: T = await self._inner.commit(lambda turn: work(self._watched(turn)))
        return done

    def _watched(self, turn: Turn) -> Turn:
        before = turn.audit

        def audit(event: Any) -> Any:
            if event.id == self._refused:
                raise ConflictError(f"{event.id} is there already")
            return before(event)

        turn.audit = audit  # type: ignore[method-assign]
        return turn


def event(desk: Desk, id: str) -> Prepared:
    return desk.hub.repository.prepare({"resourceType": "AuditEvent", "id": id}, id=id)


async def outcomes(ledger: Ledger, events: list[Prepared]) -> list[BaseException | None]:
    return await asyncio.gather(*(ledger.record([each]) for each in events), return_exceptions=True)


async def test_who_comes_while_a_commit_is_under_way_shares_the_next(desk: Desk) -> None:
    slow = Slow(desk.hub.repository)
    assert set(await outcomes(Ledger(slow), [event(desk, f"a{number}") for number in range(50)])) == {None}  # type: ignore[arg-type]
    assert slow.commits == 1
    assert len(await desk.audits()) == 50


async def test_a_commit_takes_no_more_than_its_share(desk: Desk) -> None:
    slow = Slow(desk.hub.repository)
    await outcomes(Ledger(slow), [event(desk, f"a{number}") for number in range(MOST + 1)])  # type: ignore[arg-type]
    assert slow.commits == 2


async def test_nobody_fails_for_the_record_of_another(desk: Desk) -> None:
    slow = Slow(desk.hub.repository, refused="a1")
    found = await outcomes(Ledger(slow), [event(desk, f"a{number}") for number in range(3)])  # type: ignore[arg-type]
    assert [type(each) for each in found] == [type(None), ConflictError, type(None)]
    assert {audit["id"] for audit in await desk.audits()} == {"a0", "a2"}


async def test_all_are_told_when_the_disk_fails(desk: Desk) -> None:
    slow = Slow(desk.hub.repository, error=UnavailableError("disk full"))
    found = await outcomes(Ledger(slow), [event(desk, f"a{number}") for number in range(3)])  # type: ignore[arg-type]
    assert [type(each) for each in found] == [UnavailableError] * 3
    assert slow.commits == 1


async def test_who_leaves_does_not_take_the_others_along(desk: Desk) -> None:
    ledger = Ledger(Slow(desk.hub.repository))  # type: ignore[arg-type]
    leaving, staying = (asyncio.create_task(ledger.record([event(desk, id)])) for id in ("a", "b"))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert {audit["id"] for audit in await desk.audits()} == {"a", "b"}


async def test_many_reads_at_once_are_each_audited(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answers = await asyncio.gather(*(desk("GET", "Patient/p") for _ in range(20)))
    told = {answer.headers["Careloom-Audit"] for answer in answers}
    assert len(told) == 20
    assert told <= {f"AuditEvent/{audit['id']}" for audit in await desk.audits()}


async def test_who_was_answered_together_is_waited_for_a_moment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careloom.rest.ledger.PATIENCE", 10_000)
    monkeypatch.setattr("careloom.rest.ledger.MOST_PATIENCE", 30)
    slow = Slow(desk.hub.repository)
    ledger = Ledger(slow)  # type: ignore[arg-type]
    await outcomes(ledger, [event(desk, f"a{number}") for number in range(3)])

    async def later(number: int) -> None:
        await asyncio.sleep(number / 100)
        await ledger.record([event(desk, f"b{number}")])

    await asyncio.gather(*map(later, range(3)))
    assert slow.commits == 2


async def test_who_does_not_come_back_is_not_waited_for_long(desk: Desk) -> None:
    slow = Slow(desk.hub.repository)
    ledger = Ledger(slow)  # type: ignore[arg-type]
    await outcomes(ledger, [event(desk, f"a{number}") for number in range(3)])
    async with asyncio.timeout(5):
        await ledger.record([event(desk, "alone")])
    assert slow.commits == 2
