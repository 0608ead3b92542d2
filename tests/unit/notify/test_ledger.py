"""Records of what was told are written together, and nobody fails for another's."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.notify.test_notifier import a_record

from careloom.model.errors import ConflictError, UnavailableError
from careloom.notify import TopicRegistry
from careloom.notify.ledger import Ledger
from careloom.store import Prepared, Repository, Turn


class Counting:
    """A repository that counts commits, and may refuse them."""

    def __init__(self, repository: Repository, refusal: Exception | None = None) -> None:
        self.repository, self.refusal = repository, refusal
        self.commits = 0

    async def commit(self, work: Callable[[Turn], Any], **more: Any) -> Any:
        self.commits += 1
        if self.refusal:
            raise self.refusal
        return await self.repository.commit(work, **more)


def event(repository: Repository, id: str) -> Prepared:
    return repository.prepare({"resourceType": "AuditEvent", "id": id}, id=id)


async def test_those_in_no_hurry_share_a_commit(topics: TopicRegistry) -> None:
    counting = Counting(a_record(topics))
    ledger = Ledger(counting)  # type: ignore[arg-type]
    events = [event(counting.repository, f"a{number}") for number in range(5)]
    await asyncio.gather(*(ledger.record([each], in_a_hurry=False) for each in events))
    assert 1 == counting.commits
    assert all([await counting.repository.read("AuditEvent", f"a{number}") for number in range(5)])


async def test_one_that_cannot_be_written_fails_alone(topics: TopicRegistry) -> None:
    repository = a_record(topics)
    ledger = Ledger(repository)
    await ledger.record([event(repository, "a")], in_a_hurry=True)
    again, other = await asyncio.gather(
        ledger.record([event(repository, "a")], in_a_hurry=False),
        ledger.record([event(repository, "b")], in_a_hurry=False),
        return_exceptions=True,
    )
    assert (ConflictError, None) == (type(again), other)
    assert await repository.read("AuditEvent", "b") is not None


async def test_a_disk_that_fails_is_told_to_all_of_them(topics: TopicRegistry) -> None:
    counting = Counting(a_record(topics), UnavailableError("the disk"))
    ledger = Ledger(counting)  # type: ignore[arg-type]
    one = event(counting.repository, "a")
    with pytest.raises(UnavailableError):
        await ledger.record([one], in_a_hurry=True)
    assert 1 == counting.commits
