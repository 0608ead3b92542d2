"""What an evaluation is given beside the data: the ports to the world, and the state of one run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from time import monotonic
from typing import Any

from careloom.fhirpath.nodes import Item
from careloom.model import Resource
from careloom.model.errors import TooCostlyError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass, field

MOST_STEPS = 2_000_000
"""Items that one evaluation may walk over. Loops within loops multiply; no invariant in use comes near."""

LONGEST_TIME = 5.0
"""Seconds that one evaluation may take, for what its steps do not tell, such as comparing very large structures."""

_UNWATCHED = 1_000
"""Steps between two looks at the limits."""


class Budget:
    """Steps and time that several evaluations share, each after its first thousand steps.

    Attributes:
        steps: Left over.
        seconds: Left over.
    """

    __slots__ = ("seconds", "steps")

    def __init__(self, steps: int, seconds: float) -> None:
        self.steps = steps
        self.seconds = seconds

    def spend(self, steps: int, seconds: float) -> None:
        """Take some.

        Raises:
            TooCostlyError: There is nothing left.
        """
        self.steps -= steps
        self.seconds -= seconds
        if self.steps < 0 or self.seconds < 0:
            raise TooCostlyError("the evaluations so far have used up what they may take together")


@dataclass(frozen=True, slots=True)
class Environment:
    """The ports; each may be left out.

    Attributes:
        resource: ``%resource``; the value evaluated on by default.
        root_resource: ``%rootResource``, the container of a contained resource; ``%resource`` by default.
        context: ``%context``; the value evaluated on by default.
        resolve: Gives the resource behind a reference or canonical, None where there is none. References to
            contained resources are followed without it.
        member_of: Whether a code, Coding or CodeableConcept (as JSON) is in a value set; None for "not known".
        conforms_to: Whether a resource conforms to a profile; None for "not known".
        now: The clock; asked once for an evaluation.
        variables: Further ``%name`` constants; a list is a collection, anything else one item.
        trace: Told the name and the values of each ``trace()``.
        budget: Steps and time that this evaluation shares with others.
    """

    resource: Any = None
    root_resource: Any = None
    context: Any = None
    resolve: Callable[[str], Resource | None] | None = None
    member_of: Callable[[Any, str], bool | None] | None = None
    conforms_to: Callable[[Any, str], bool | None] | None = None
    now: Clock = utc_now
    variables: Mapping[str, Any] = field(default_factory=dict)
    trace: Callable[[str, list[Any]], None] | None = None
    budget: Budget | None = None


DEFAULT = Environment()


class Scope:
    """The state of one evaluation: made for it, dropped after it. What few expressions need is made when needed."""

    index = 0
    total: Sequence[Item] = ()
    steps_left = MOST_STEPS
    _next_look = MOST_STEPS - _UNWATCHED
    _moment: datetime | None = None
    _started: float | None = None
    _looked = 0.0

    def __init__(self, environment: Environment, root: Item) -> None:
        self.environment = environment
        self.root = root

    def spend(self, steps: int) -> None:
        """Count the items of a loop, before it is walked. What walks over one item or none need not.

        Raises:
            TooCostlyError: More than `MOST_STEPS`, longer than `LONGEST_TIME`, or more than the budget has.
        """
        self.steps_left -= steps
        if self.steps_left < self._next_look:
            self._look()

    def _look(self) -> None:
        """Look at the limits and at the clock; every so many steps, since it takes longer than most evaluations."""
        if self.steps_left < 0:
            raise TooCostlyError(f"the evaluation takes over {MOST_STEPS} steps")
        now = monotonic()
        if self._started is None:
            self._started = self._looked = now
        if now - self._started > LONGEST_TIME:
            raise TooCostlyError(f"the evaluation takes over {LONGEST_TIME:g} seconds")
        if self.environment.budget is not None:
            self.environment.budget.spend(self._next_look + _UNWATCHED - self.steps_left, now - self._looked)
        self._next_look, self._looked = self.steps_left - _UNWATCHED, now

    @cached_property
    def variables(self) -> dict[int, list[Item]]:
        """The values of ``defineVariable``, by slot."""
        return {}

    @property
    def moment(self) -> datetime:
        """The present instant, the same all through one evaluation."""
        if self._moment is None:
            self._moment = self.environment.now()
        return self._moment

    @property
    def resource(self) -> Item:
        """``%resource``."""
        resource = self.environment.resource
        return self.root if resource is None else resource

    @property
    def root_resource(self) -> Item:
        """``%rootResource``."""
        root_resource = self.environment.root_resource
        return self.resource if root_resource is None else root_resource
