"""The board of a run as a page shows it: lanes, and for each exchange an arrow from one to another.

Widths are in units of the drawing, `WIDTH` across all lanes; the browser scales it.
"""

import re
from http import HTTPStatus

from careloom.connectathon.exchange import Exchange
from careloom.connectathon.narration import Narration, narrate
from careloom.connectathon.run import Run
from careloom.connectathon.scenario import Role, Scenario, Step
from careloom.connectathon.stage import FHIR_BASE
from careloom.connectathon.verdict import all_held
from careloom.model.records import dataclass
from careloom.web.mark import Mark

WIDTH = 1000
_HEAD = 12
"""Length of an arrowhead."""
_ID = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")
_LONGEST = 96
"""Characters of text that fit beside an arrow."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """An exchange as it is drawn.

    Attributes:
        start: Where the line begins.
        end: Where it ends, at the arrowhead's point.
        middle: Where its texts are centred.
        base: Where the arrowhead begins.
        address: The path without what is common to all and without ids.
        spoken: The whole of it as one sentence.
    """

    exchange: Exchange
    told: Narration
    start: float
    end: float
    middle: float
    base: float
    mark: Mark
    address: str
    asked: str
    answered: str
    spoken: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with what happened in it."""

    number: int
    step: Step
    mark: Mark
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The whole of it."""

    run: Run
    lanes: tuple[Role, ...]
    lines: tuple[float, ...]
    steps: tuple[StepView, ...]
    now: str
    mark: Mark


def board(run: Run) -> Board:
    """The board as it stands."""
    roles = run.scenario.roles
    return Board(
        run=run,
        lanes=roles,
        lines=lane_lines(run.scenario),
        steps=tuple(step_view(run, step.id) for step in run.scenario.steps),
        now=now_playing(run),
        mark=run_mark(run),
    )


def lane_lines(scenario: Scenario) -> tuple[float, ...]:
    """Where each lane's line runs down."""
    count = len(scenario.roles)
    return tuple(WIDTH * (index + 0.5) / count for index in range(count))


def step_view(run: Run, id: str) -> StepView:
    """One step as it stands."""
    steps = run.scenario.steps
    number = next(index for index, step in enumerate(steps) if step.id == id)
    arrows = tuple(arrow(run, exchange) for exchange in run.exchanges if exchange.step == id)
    return StepView(number + 1, steps[number], step_mark(run, id), arrows)


def step_mark(run: Run, id: str) -> Mark:
    """How a step stands."""
    state = run.state(id)
    if state == "to come":
        return Mark("grey", "○", "To come")
    if state == "playing":
        return Mark("blue", "▶", "Playing")
    held = all_held(verdict for verdict in run.verdicts if verdict.step == id)
    return Mark("green", "✓", "Held") if held else Mark("red", "✗", "Failed")


def run_mark(run: Run) -> Mark:
    """How the run stands."""
    held = sum(verdict.outcome == "held" for verdict in run.verdicts)
    if not run.is_over:
        return Mark("blue", "▶", f"Playing, {held} held so far")
    if run.held:
        return Mark("green", "✓", f"All {held} expectations held")
    return Mark("red", "✗", f"{len(run.verdicts) - held} of {len(run.verdicts)} expectations failed")


def now_playing(run: Run) -> str:
    """What is happening, in a sentence."""
    if run.is_over:
        return "The play is over. Every arrow below is a recorded exchange: choose one to see it."
    return next((step.say for step in run.scenario.steps if step.id == run.step), "The systems are starting.")


def arrow(run: Run, exchange: Exchange) -> Arrow:
    """An exchange as it is drawn."""
    told = narrate(exchange)
    start, end = (_line(run.scenario, role) for role in (exchange.sender, exchange.receiver))
    towards = 1 if end >= start else -1
    return Arrow(
        exchange=exchange,
        told=told,
        start=start,
        end=end,
        middle=(start + end) / 2,
        base=end - towards * _HEAD,
        mark=exchange_mark(exchange, told),
        address=_address(exchange.path),
        asked=_fitting(told.asked),
        answered=_fitting(told.answered or "waiting for the answer"),
        spoken=_spoken(run.scenario, exchange, told),
    )


def exchange_mark(exchange: Exchange, told: Narration) -> Mark:
    """How an exchange was answered."""
    status = str(exchange.status) if exchange.status else ""
    return {
        "waiting": Mark("blue", "…", "Waiting"),
        "done": Mark("green", "✓", f"{status} {_phrase(exchange.status)}"),
        "refused": Mark("red", "✗", f"{status} Refused"),
        "failed": Mark("red", "!", f"{status} Failed".strip()),
    }[told.result]


def title_of(scenario: Scenario, role: str) -> str:
    """What a role is called."""
    found = scenario.role(role)
    return found.title if found else "Unknown sender"


def _line(scenario: Scenario, role: str) -> float:
    lines = lane_lines(scenario)
    return next((line for line, lane in zip(lines, scenario.roles, strict=True) if lane.id == role), 0.0)


def _spoken(scenario: Scenario, exchange: Exchange, told: Narration) -> str:
    sender, receiver = (title_of(scenario, role) for role in (exchange.sender, exchange.receiver))
    answer = told.answered or "waiting for the answer"
    return f"{sender} to {receiver}: {told.asked}. Answer: {answer}."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Done"


def _address(path: str) -> str:
    address = path.partition("?")[0].removeprefix(FHIR_BASE).replace("/.well-known/", "/…/")
    return _ID.sub("/…", address) or "/"


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
