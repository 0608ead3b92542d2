"""One playing of a scenario: what was exchanged, decided and judged so far, and the news of it as it comes.

The run is the one place that all parts of a connectathon share. The recorder and the runner write to it; pages and
the command line read it and follow its events. Whatever becomes final is put in the evidence file before anyone is
told. Everything happens on one event loop, so nothing here needs a lock.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Literal

from careloom.connectathon.decision import Decision, decision_record
from careloom.connectathon.evidence import Evidence, Line
from careloom.connectathon.exchange import Exchange, exchange_record
from careloom.connectathon.redaction import redacted
from careloom.connectathon.scenario import Scenario, Step
from careloom.connectathon.verdict import Finding, Verdict, all_held, verdict_record
from careloom.model.records import dataclass

StepState = Literal["to come", "playing", "over"]
EventKind = Literal["exchange began", "exchange ended", "decision", "step", "verdict", "over"]


@dataclass(frozen=True, slots=True)
class Event:
    """News of a run: what kind, and the number of the exchange or verdict or the id of the step."""

    number: int
    kind: EventKind
    key: int | str


class Run:
    """The state of one playing of a scenario.

    Attributes:
        scenario: What is being played.
        variant: The set of profiles it is judged by, a key of ``scenario.profiles``.
        conformance: Resource type to the canonical URLs of the profiles that the hub holds it to; set with the stage.
        console: Address of the hub's page on notifications; empty until the hub runs.
    """

    def __init__(self, scenario: Scenario, *, variant: str, evidence: Evidence) -> None:
        self.scenario = scenario
        self.variant = variant
        self.conformance: Mapping[str, Sequence[str]] = {}
        self.console = ""
        self._evidence = evidence
        self._exchanges: list[Exchange] = []
        self._decisions: dict[int, Decision] = {}
        self._verdicts: list[Verdict] = []
        self._lines: dict[int, Line] = {}
        self._states: dict[str, StepState] = {step.id: "to come" for step in scenario.steps}
        self._events: list[Event] = []
        self._step = ""
        self._over = False
        self._closed = False
        self._news = asyncio.Event()
        evidence.append("run", {"scenario": scenario.id, "version": scenario.version, "variant": variant})

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """Every exchange that began, in the order of its number; secrets are redacted."""
        return self._exchanges

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """Every verdict reached so far."""
        return self._verdicts

    @property
    def step(self) -> str:
        """Id of the step being played, or the last that was; empty before the first."""
        return self._step

    @property
    def is_over(self) -> bool:
        """Whether the last step was played."""
        return self._over

    @property
    def held(self) -> bool:
        """Whether the run is over and every expectation held."""
        return self._over and all_held(self._verdicts)

    @property
    def evidence(self) -> Evidence:
        """What was kept of the run, as evidence."""
        return self._evidence

    @property
    def newest_event(self) -> int:
        """Number of the newest event, 0 before the first."""
        return len(self._events)

    def state(self, step: str) -> StepState:
        """How far a step is."""
        return self._states[step]

    def exchange(self, number: int) -> Exchange | None:
        """An exchange by its number."""
        return self._exchanges[number - 1] if 0 < number <= len(self._exchanges) else None

    def decision(self, exchange: int) -> Decision | None:
        """The decision on an exchange, once the hub's audit record of it was read."""
        return self._decisions.get(exchange)

    def line(self, exchange: int) -> Line | None:
        """The line of evidence that holds an exchange, once it is over."""
        return self._lines.get(exchange)

    def verdicts_on(self, exchange: int) -> list[Verdict]:
        """The verdicts that rest on an exchange."""
        return [verdict for verdict in self._verdicts if exchange in verdict.exchanges]

    def begin(self, make: Callable[[int, str], Exchange]) -> Exchange:
        """Note that a request is on its way; ``make`` is given its number and the step being played."""
        exchange = make(len(self._exchanges) + 1, self._step)
        self._exchanges.append(redacted(exchange))
        self._tell("exchange began", exchange.number)
        return exchange

    def end(self, exchange: Exchange) -> None:
        """Keep an exchange that is over as evidence."""
        shown = redacted(exchange)
        self._lines[exchange.number] = self._evidence.append("exchange", exchange_record(shown))
        self._exchanges[exchange.number - 1] = shown
        self._tell("exchange ended", exchange.number)

    def decide(self, decision: Decision) -> None:
        """Keep the hub's audit record of an exchange as evidence."""
        self._evidence.append("decision", decision_record(decision))
        self._decisions[decision.exchange] = decision
        self._tell("decision", decision.exchange)

    def judge(self, text: str, findings: Sequence[Finding], exchanges: Sequence[int]) -> Verdict:
        """Reach a verdict on the step being played."""
        verdict = Verdict(len(self._verdicts) + 1, self._step, text, tuple(findings), tuple(exchanges))
        self._evidence.append("verdict", verdict_record(verdict))
        self._verdicts.append(verdict)
        self._tell("verdict", verdict.number)
        return verdict

    def enter(self, step: Step) -> None:
        """Begin a step: exchanges from now on belong to it."""
        self._step = step.id
        self._states[step.id] = "playing"
        self._tell("step", step.id)

    def leave(self, step: Step) -> None:
        """End a step."""
        self._states[step.id] = "over"
        self._tell("step", step.id)

    def finish(self) -> None:
        """The last step was played; nothing more will be judged."""
        self._over = True
        self._evidence.append("over", {"held": self.held, "verdicts": len(self._verdicts)})
        self._tell("over", self.scenario.id)

    def close(self) -> None:
        """Let everyone who follows go: `events` ends."""
        self._closed = True
        self._wake()

    async def events(self, after: int) -> AsyncIterator[Event]:
        """The events with a higher number, then each new one as it comes, until the run is closed."""
        while True:
            while after < len(self._events):
                after += 1
                yield self._events[after - 1]
            if self._closed:
                return
            await self._news.wait()

    async def until(self, is_so: Callable[[], bool], *, within: float) -> bool:
        """Wait until something about the run is so; False when it is not after ``within`` seconds."""
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    await self._news.wait()
        except TimeoutError:
            return is_so()
        return True

    def _tell(self, kind: EventKind, key: int | str) -> None:
        self._events.append(Event(len(self._events) + 1, kind, key))
        self._wake()

    def _wake(self) -> None:
        # Whoever waits holds on to the old event, so it is set for good and a new one takes its place.
        self._news.set()
        self._news = asyncio.Event()
