"""What an evaluation is given beside the data: the ports to the world, and the state of one run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from careloom.fhirpath.nodes import Item
from careloom.model import Resource
from careloom.model.instants import Clock, utc_now


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


DEFAULT = Environment()


class Scope:
    """The state of one evaluation: made for it, dropped after it. What few expressions need is made when needed."""

    index = 0
    total: Sequence[Item] = ()
    _moment: datetime | None = None

    def __init__(self, environment: Environment, root: Item) -> None:
        self.environment = environment
        self.root = root

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
