import asyncio

import pytest
from tests.patience import PATIENCE
from tests.unit.connectathon.builders import audit_event, exchange, happens, message, run

from careloom.connectathon.decision import decision_of
from careloom.connectathon.evidence import read_evidence
from careloom.connectathon.run import Event, Run
from careloom.connectathon.verdict import Finding

HELD = [Finding("it is so", True)]


@pytest.fixture
def played() -> Run:
    return run()


def test_exchanges_are_numbered_and_belong_to_the_step_being_played(played: Run) -> None:
    happens(played, exchange())
    played.enter(played.scenario.steps[0])
    happens(played, exchange())
    assert [(1, ""), (2, "send")] == [(one.number, one.step) for one in played.exchanges]


def test_an_exchange_is_kept_without_its_secrets(played: Run) -> None:
    happens(played, exchange(request=message(authorization="Bearer abc")))
    assert "abc" not in str(played.exchanges[0].request.headers)
    assert b"Bearer abc" not in played.evidence.text()


def test_exchanges_decisions_and_verdicts_are_evidence(played: Run) -> None:
    happens(played, exchange())
    played.decide(decision_of(1, audit_event()))
    played.judge("It is so", HELD, [1])
    played.finish()
    kinds = [line.kind for line in read_evidence(played.evidence.text())]
    assert kinds == ["run", "exchange", "decision", "verdict", "over"]


def test_a_run_has_held_only_when_it_is_over(played: Run) -> None:
    happens(played, exchange())
    played.judge("It is so", HELD, [1])
    assert not played.held
    played.finish()
    assert played.held


async def test_events_are_told_to_whoever_comes_late_and_end_when_the_run_is_closed(played: Run) -> None:
    happens(played, exchange())
    told: list[Event] = []

    async def follow() -> None:
        told.extend([event async for event in played.events(after=1)])

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    played.enter(played.scenario.steps[0])
    played.close()
    await asyncio.wait_for(following, PATIENCE)
    assert told == [Event(2, "exchange ended", 1), Event(3, "step", "send")]


async def test_waiting_ends_as_soon_as_it_is_so(played: Run) -> None:
    waiting = asyncio.create_task(played.until(lambda: len(played.exchanges) == 1, within=PATIENCE * 2))
    await asyncio.sleep(0)
    happens(played, exchange())
    assert await asyncio.wait_for(waiting, PATIENCE)


async def test_waiting_gives_up_at_its_deadline(played: Run) -> None:
    assert not await played.until(lambda: False, within=0.01)


def test_there_is_no_exchange_before_the_first_or_after_the_last(played: Run) -> None:
    happens(played, exchange())
    assert [None, None] == [played.exchange(0), played.exchange(2)]
