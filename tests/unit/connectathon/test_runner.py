from collections.abc import Callable, Mapping
from typing import Any

from tests.unit.connectathon.builders import SCENARIO, exchange, happens, run

from careloom.connectathon.exchange import Exchange
from careloom.connectathon.run import Run
from careloom.connectathon.runner import Runner
from careloom.connectathon.scenario import Step
from careloom.connectathon.verdict import Verdict
from careloom.model import Resource
from careloom.model.errors import UnavailableError


class Stage:
    """Has done what the test says, and remembers what was asked."""

    def __init__(self, **doing: Callable[[], object]) -> None:
        self.done: list[str] = []
        self._doing = doing

    async def ask(self, role: str, action: str, arguments: Mapping[str, str]) -> Any:
        self._do("ask", f"{role}: {action}")

    async def extend_settings(self, file: str) -> None:
        self._do("extend", file)

    async def replay(self, exchange: Exchange) -> None:
        self._do("replay", f"replay {exchange.number}")

    def _do(self, kind: str, text: str) -> None:
        self.done.append(text)
        if kind in self._doing:
            self._doing[kind]()


class Silence:
    def step(self, number: int, step: Step) -> None: ...

    def verdict(self, verdict: Verdict) -> None: ...


def evaluate(expression: str, resource: Resource) -> list[Any]:
    return []


async def play(played: Run, stage: Stage) -> list[Verdict]:
    await Runner(played, stage, evaluate, Silence()).play()
    return list(played.verdicts)


async def test_a_play_in_which_all_happens_holds() -> None:
    played = run()
    stage = Stage(
        ask=lambda: happens(played, exchange(status=200)), replay=lambda: happens(played, exchange(status=409))
    )
    verdicts = await play(played, stage)
    assert [("held", (1,)), ("held", (2,)), ("held", (2,))] == [(one.outcome, one.exchanges) for one in verdicts]
    assert stage.done == ["hospital: send letter", "replay 1"]
    assert played.held


async def test_a_wrong_status_fails_and_points_at_the_exchange() -> None:
    played = run()
    stage = Stage(ask=lambda: happens(played, exchange(status=500)))
    first = (await play(played, stage))[0]
    assert ("failed", (1,)) == (first.outcome, first.exchanges)


async def test_what_is_not_seen_fails_and_points_at_what_was_seen_instead() -> None:
    played = run()
    stage = Stage(ask=lambda: happens(played, exchange(path="/fhir/Patient", sender="practice")))
    first = (await play(played, stage))[0]
    assert ("failed", (1,)) == (first.outcome, first.exchanges)
    assert first.findings[0].found == "not seen; 1 other exchanges were"


async def test_an_exchange_of_an_earlier_step_does_not_count() -> None:
    played = run()
    happens(played, exchange(status=200))
    assert (await play(played, Stage()))[0].outcome == "failed"


async def test_one_exchange_meets_one_expectation_only() -> None:
    text = SCENARIO.replace(
        "        status: 200\n",
        "        status: 200\n"
        "      - {text: Another, from: hospital, to: hub, request: POST /fhir, within: 50 ms, status: 200}\n",
        1,
    )
    played = run(text)
    verdicts = await play(played, Stage(ask=lambda: happens(played, exchange(status=200))))
    assert ["held", "failed"] == [one.outcome for one in verdicts[:2]]


async def test_what_cannot_be_done_is_the_reason_told() -> None:
    def refuse() -> None:
        raise UnavailableError("the hospital is closed")

    first = (await play(run(), Stage(ask=refuse)))[0]
    assert first.findings[0].found == "UnavailableError: the hospital is closed"


async def test_a_count_fails_when_something_happens_that_must_not() -> None:
    played = run()

    def twice() -> None:
        happens(played, exchange(status=409))
        happens(played, exchange(sender="practice", method="GET", path="/fhir/Composition"))

    verdicts = await play(played, Stage(ask=lambda: happens(played, exchange(status=200)), replay=twice))
    assert ("failed", (2, 3)) == (verdicts[2].outcome, verdicts[2].exchanges)


async def test_a_condition_for_other_profiles_is_not_judged() -> None:
    text = SCENARIO.replace("status: 409}", "status: 409, holds: [{response: never, only-with: ukcore}]}")

    async def outcome(variant: str) -> str:
        played = run(text, variant=variant)
        stage = Stage(ask=lambda: happens(played, exchange()), replay=lambda: happens(played, exchange(status=409)))
        return (await play(played, stage))[1].outcome

    assert ["held", "failed"] == [await outcome("locality"), await outcome("ukcore")]
