"""Verdicts: whether what had to be true was true, and the recorded exchanges that show it.

A verdict without an exchange to point at cannot say that something held: claims without evidence do not exist here.
"""

from collections.abc import Iterable
from typing import Any, Literal

from careloom.model.records import dataclass

Outcome = Literal["held", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One assertion, judged: what had to be true, whether it was, and what was found."""

    text: str
    held: bool
    found: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one expectation or check of a scenario came to.

    Attributes:
        number: Order in which the verdicts of a run were reached, from 1.
        step: Id of the step it belongs to.
        text: What had to be true, in plain words.
        exchanges: Numbers of the recorded exchanges it rests on.

    Raises:
        ValueError: It claims that something held, with no exchange to show for it.
    """

    number: int
    step: str
    text: str
    findings: tuple[Finding, ...]
    exchanges: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.outcome == "held" and not self.exchanges:
            raise ValueError(f"{self.text!r} is said to have held, but no recorded exchange shows it")

    @property
    def outcome(self) -> Outcome:
        """``held`` when every finding did, and there was one."""
        return "held" if self.findings and all(finding.held for finding in self.findings) else "failed"

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that did not hold."""
        return tuple(finding for finding in self.findings if not finding.held)


def all_held(verdicts: Iterable[Verdict]) -> bool:
    """Whether every expectation of a run held; False where nothing was judged at all."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return bool(outcomes) and all(outcome == "held" for outcome in outcomes)


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """The verdict as the evidence file holds it."""
    return {
        "number": verdict.number,
        "step": verdict.step,
        "text": verdict.text,
        "outcome": verdict.outcome,
        "findings": [{"text": one.text, "held": one.held, "found": one.found} for one in verdict.findings],
        "exchanges": list(verdict.exchanges),
    }
