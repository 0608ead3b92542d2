"""Plays a scenario: asks simulators to act, waits for what must be seen, judges it.

The runner reaches no system but through its `Stage`; what it judges are exchanges that the recorder saw.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from careloom.connectathon.assertions import Assertion, Condition, Evaluate, Scene
from careloom.connectathon.exchange import Exchange
from careloom.connectathon.run import Run
from careloom.connectathon.scenario import Ask, Check, Count, Expectation, Extend, Replay, Review, Step
from careloom.connectathon.verdict import Finding, Verdict
from careloom.model.errors import CareloomError

_AUDIT_PATIENCE = 5.0
"""Seconds to wait for the hub's audit record of an exchange that a verdict asks about."""


class Stage(Protocol):
    """What the runner can have done; filled in by the host."""

    async def ask(self, role: str, action: str, arguments: Mapping[str, str]) -> Any:
        """Have a simulator act; returns when it has."""

    async def extend_settings(self, file: str) -> None:
        """Add a fragment to the hub's settings file; returns when the hub has taken it up."""

    async def replay(self, exchange: Exchange) -> None:
        """Send a recorded request once more, byte for byte."""


class Teller(Protocol):
    """Who is told of the play as it goes on."""

    def step(self, number: int, step: Step) -> None:
        """A step begins."""

    def verdict(self, verdict: Verdict) -> None:
        """A verdict was reached."""


class Runner:
    """Plays one scenario on one stage."""

    def __init__(self, run: Run, stage: Stage, evaluate: Evaluate, teller: Teller, *, pace: float = 0.0) -> None:
        """Prepare to play.

        Args:
            run: Where exchanges are seen and verdicts kept.
            stage: What can be done.
            evaluate: The FHIRPath engine.
            teller: Is told of steps and verdicts.
            pace: Seconds to pause between steps, so that people can follow.
        """
        self._run = run
        self._stage = stage
        self._teller = teller
        self._pace = pace
        self._named: dict[str, int] = {}
        self._scene = Scene(run.variant, evaluate, self._exchange_named, run.decision)

    async def play(self) -> None:
        """Play every step to its end; what fails is a verdict, and the play goes on."""
        for number, step in enumerate(self._run.scenario.steps, start=1):
            if number > 1 and self._pace:
                await asyncio.sleep(self._pace)
            self._teller.step(number, step)
            self._run.enter(step)
            await self._play(step)
            self._run.leave(step)
        self._run.finish()

    async def _play(self, step: Step) -> None:
        seen_before = len(self._run.exchanges)
        began = time.monotonic()
        trouble = await self._act(step)
        taken: set[int] = set()
        for expectation in step.expectations:
            # Where acting went wrong, nothing more is on its way.
            left = 0.0 if trouble else max(0.0, expectation.within - (time.monotonic() - began))
            found = await self._await(expectation, seen_before, taken, left)
            if found:
                taken.add(found.number)
                self._named[expectation.name] = found.number
            await self._judge_expectation(expectation, found, seen_before, trouble)
        for check in step.checks:
            await self._check(check)

    async def _act(self, step: Step) -> str:
        """Have done what the step says; what goes wrong is told with the expectations that fail for it."""
        for action in step.actions:
            try:
                await self._do(action)
            except CareloomError as error:
                return f"{type(error).__name__}: {error}"
        return ""

    async def _do(self, action: Ask | Extend | Replay) -> None:
        match action:
            case Ask():
                await self._stage.ask(action.role, action.action, action.arguments)
            case Extend():
                await self._stage.extend_settings(action.file)
            case Replay():
                exchange = self._exchange_named(action.exchange)
                if exchange:
                    await self._stage.replay(exchange)

    async def _await(
        self, expectation: Expectation, seen_before: int, taken: set[int], within: float
    ) -> Exchange | None:
        def found() -> Exchange | None:
            candidates = (one for one in self._run.exchanges[seen_before:] if one.number not in taken and one.is_over)
            return next((one for one in candidates if expectation.pattern.matches(one)), None)

        await self._run.until(lambda: found() is not None, within=within)
        return found()

    async def _judge_expectation(
        self, expectation: Expectation, found: Exchange | None, seen_before: int, trouble: str
    ) -> None:
        if found:
            findings = await self._findings(found, expectation.holds)
            self._reach(expectation.text, findings, [found.number])
            return
        text = f"{expectation.pattern} is seen within {expectation.within:g} s"
        # Not seen is shown by all that was seen instead.
        instead = [one.number for one in self._run.exchanges[seen_before:]]
        reason = trouble or f"not seen; {len(instead)} other exchanges were"
        self._reach(expectation.text, [Finding(text, False, reason)], instead)

    async def _check(self, check: Check) -> None:
        match check:
            case Review():
                exchange = self._exchange_named(check.exchange)
                findings = await self._findings(exchange, check.holds) if exchange else [_never_seen(check.exchange)]
                self._reach(check.text, findings, [exchange.number] if exchange else [])
            case Count():
                await self._count(check)

    async def _count(self, check: Count) -> None:
        anchor = self._exchange_named(check.since)
        if anchor is None:
            self._reach(check.text, [_never_seen(check.since)], [])
            return
        await asyncio.sleep(check.settle)
        counted = [one.number for one in self._run.exchanges[anchor.number :] if check.pattern.matches(one)]
        text = f"{check.pattern} is seen {check.expected} times after exchange {anchor.number}"
        finding = Finding(text, len(counted) == check.expected, f"{len(counted)} times")
        self._reach(check.text, [finding], [anchor.number, *counted])

    async def _findings(self, exchange: Exchange, holds: tuple[Condition, ...]) -> list[Finding]:
        assertions = [condition.assertion for condition in holds if condition.applies(self._run.variant)]
        if any(assertion.needs_decision for assertion in assertions):
            await self._run.until(lambda: self._run.decision(exchange.number) is not None, within=_AUDIT_PATIENCE)
        return [self._finding(assertion, exchange) for assertion in assertions]

    def _finding(self, assertion: Assertion, exchange: Exchange) -> Finding:
        try:
            return assertion.judge(exchange, self._scene)
        except CareloomError as error:
            return Finding(str(assertion), False, f"could not be judged: {error}")

    def _reach(self, text: str, findings: list[Finding], exchanges: list[int]) -> None:
        self._teller.verdict(self._run.judge(text, findings, exchanges))

    def _exchange_named(self, name: str) -> Exchange | None:
        number = self._named.get(name)
        return self._run.exchange(number) if number else None


def _never_seen(name: str) -> Finding:
    return Finding(f"{name!r} was seen", False, "it was not")
