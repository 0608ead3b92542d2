"""A scenario: who takes part, what happens, what must be true.

It is read from a YAML file by `careloom.connectathon.scenario_file`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from careloom.connectathon.assertions import Condition
from careloom.connectathon.pattern import Pattern
from careloom.model.records import dataclass

RoleKind = Literal["hub", "simulator"]


@dataclass(frozen=True, slots=True)
class Role:
    """A part in the scenario; on the page, a lane.

    Attributes:
        kind: The hub under test, or a supplier's simulated system.
        does: One line about the system, for its lane.
        simulator: Which of `careloom.connectathon.suppliers` plays it; empty for the hub.
        client: Client id at the hub; empty for the hub.
        settings: What the simulator is to know, as texts.
    """

    id: str
    title: str
    kind: RoleKind
    does: str = ""
    simulator: str = ""
    client: str = ""
    settings: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A simulator is asked to act, through its control address."""

    role: str
    action: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Extend:
    """A fragment is added to the hub's settings file while the hub runs."""

    file: str


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded request is sent again, byte for byte."""

    exchange: str


Action = Ask | Extend | Replay


@dataclass(frozen=True, slots=True)
class Expectation:
    """An exchange that must be seen during the step.

    Attributes:
        name: What later steps call it; may be empty.
        text: What must be true, in plain words.
        within: Seconds from the step's beginning.
        holds: What must be true of the exchange.
    """

    name: str
    text: str
    pattern: Pattern
    within: float
    holds: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many exchanges of a kind there must be, from a named exchange on.

    Attributes:
        since: Name of the exchange from which to count, that one left out.
        settle: Seconds to wait before counting, so that what must not happen has had its chance.
    """

    text: str
    pattern: Pattern
    expected: int
    since: str
    settle: float


@dataclass(frozen=True, slots=True)
class Review:
    """What must hold for an exchange seen before."""

    text: str
    exchange: str
    holds: tuple[Condition, ...]


Check = Count | Review


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the play."""

    id: str
    say: str
    actions: tuple[Action, ...]
    expectations: tuple[Expectation, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario, read and found consistent.

    Attributes:
        folder: Where the files it names are.
        settings: The hub's settings file.
        profiles: Name of a set of profiles to the settings fragments that put it in force; the first is usual.
        roles: In the order of their lanes.
    """

    id: str
    title: str
    version: str
    story: str
    folder: Path
    settings: str
    profiles: Mapping[str, tuple[str, ...]]
    roles: tuple[Role, ...]
    steps: tuple[Step, ...]

    @property
    def hub(self) -> Role:
        """The hub under test."""
        return next(role for role in self.roles if role.kind == "hub")

    @property
    def simulators(self) -> tuple[Role, ...]:
        """The roles that a simulated system plays."""
        return tuple(role for role in self.roles if role.kind == "simulator")

    def role(self, id: str) -> Role | None:
        """A role by its id."""
        return next((role for role in self.roles if role.id == id), None)
