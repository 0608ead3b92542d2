"""A mailbox is read: on record first, acknowledged then, and no message holds up another."""

import pytest

from careloom.connectors.mesh import Poller, Received, Report
from careloom.connectors.mesh.poller import HELD, SHOWN_EVERY
from careloom.model.errors import ForbiddenError, InvalidError, NotFoundError, UnavailableError


def a_message(id: str) -> Received:
    return Received(id, "X26ABC2", "CARELOOM", "", "", "", "application/json", b"{}")


class Mailbox:
    """A mailbox in memory."""

    def __init__(self, *ids: str) -> None:
        self.waiting = list(ids)
        self.done: list[str] = []
        self.shown = 0
        self.log: list[str] = []
        self.is_deaf = False

    async def handshake(self) -> None:
        self.shown += 1

    async def inbox(self) -> list[str]:
        return list(self.waiting)

    async def collect(self, id: str) -> Received | Report:
        if id.endswith("gone"):
            raise NotFoundError(id)
        if id.startswith("report"):
            return Report(id, "m1", "gp|1|2", "CARELOOM", "14", "not collected")
        return a_message(id)

    async def acknowledge(self, id: str) -> None:
        if self.is_deaf:
            raise UnavailableError("no answer")
        self.log.append(f"acknowledged {id}")
        self.waiting.remove(id)


class Reader:
    """A poller, its mailbox, and what was recorded."""

    def __init__(self, *ids: str, **errors: Exception) -> None:
        self.mailbox = Mailbox(*ids)
        self.errors = errors
        self.now = 0.0
        self.poller = Poller(self.mailbox, self.take, self.undelivered, interval=1.0, now=lambda: self.now)

    async def take(self, message: Received) -> None:
        if error := self.errors.get(message.id):
            raise error
        self.mailbox.log.append(f"recorded {message.id}")

    async def undelivered(self, report: Report) -> None:
        self.mailbox.log.append(f"undelivered {report.local_id}")


async def test_a_message_is_on_record_before_it_is_acknowledged() -> None:
    reader = Reader("a", "b")
    assert 2 == await reader.poller.round()
    assert ["recorded a", "acknowledged a", "recorded b", "acknowledged b"] == reader.mailbox.log


async def test_a_report_is_told_to_whom_it_concerns() -> None:
    reader = Reader("report-1")
    assert 1 == await reader.poller.round()
    assert ["undelivered gp|1|2", "acknowledged report-1"] == reader.mailbox.log


@pytest.mark.parametrize("error", [InvalidError("no"), ForbiddenError("no"), ValueError("a fault of ours")])
async def test_what_is_refused_stays_in_the_mailbox_and_holds_up_nothing(error: Exception) -> None:
    reader = Reader("bad", "good", bad=error)
    assert 1 == await reader.poller.round()
    assert ["recorded good", "acknowledged good"] == reader.mailbox.log
    assert ["bad"] == reader.mailbox.waiting


async def test_what_was_refused_is_tried_again_after_a_while_and_not_before() -> None:
    reader = Reader("bad", bad=InvalidError("no"))
    await reader.poller.round()
    reader.errors.clear()
    assert 0 == await reader.poller.round()
    reader.now = HELD + 1
    assert 1 == await reader.poller.round()


async def test_a_record_that_does_not_answer_ends_the_round_without_acknowledging() -> None:
    reader = Reader("a", "b", a=UnavailableError("the disk is full"))
    with pytest.raises(UnavailableError):
        await reader.poller.round()
    assert [] == reader.mailbox.log
    reader.errors.clear()
    assert 2 == await reader.poller.round()


async def test_a_message_whose_acknowledgement_was_lost_is_taken_again() -> None:
    reader = Reader("a")
    reader.mailbox.is_deaf = True
    with pytest.raises(UnavailableError):
        await reader.poller.round()
    reader.mailbox.is_deaf = False
    assert 1 == await reader.poller.round()
    assert ["recorded a", "recorded a", "acknowledged a"] == reader.mailbox.log


async def test_a_message_listed_twice_is_taken_once() -> None:
    reader = Reader("a", "a")
    reader.mailbox.waiting = ["a", "a"]
    assert 1 == await reader.poller.round()


async def test_a_message_that_another_has_taken_is_passed_over() -> None:
    reader = Reader("gone", "a")
    assert 1 == await reader.poller.round()
    assert ["gone"] == reader.mailbox.waiting


async def test_the_mailbox_is_shown_to_be_ours_twice_a_day() -> None:
    reader = Reader()
    await reader.poller.round()
    await reader.poller.round()
    assert 1 == reader.mailbox.shown
    reader.now = SHOWN_EVERY
    await reader.poller.round()
    assert 2 == reader.mailbox.shown
