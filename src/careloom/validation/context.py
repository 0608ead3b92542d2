"""What a check may know besides the value it looks at, and how it tells what it finds."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from careloom.fhirpath import Budget
from careloom.model import Resource
from careloom.model.instants import Clock
from careloom.model.issues import Issue, Severity, has_errors
from careloom.model.records import dataclass, field
from careloom.terminology import Terminology
from careloom.validation.library import Library
from careloom.validation.options import Options
from careloom.validation.path import Path, path_text
from careloom.validation.schema import Constraint, Node, Schema

if TYPE_CHECKING:
    from careloom.validation.bundle_index import BundleIndex

_COLLECTIONS = ("Bundle", "Parameters")

MOST_STEPS = 50_000_000
LONGEST_TIME = 20.0
"""Steps, and seconds, for all costly invariants of one document together."""

Place = Literal["document", "contained", "entry", "inside"]
Resolve = Callable[[str], Resource | None]


@dataclass(slots=True)
class Item:
    """One occurrence of an element.

    Attributes:
        value: Plain JSON value; None for a primitive that has only an id or extensions.
        sibling: The object beside a primitive, ``{"extension": …}``; None otherwise.
        type: FHIR type or node name.
        path: Where it stands.
    """

    value: Any
    sibling: Any
    type: str
    path: Path


class Scope:
    """A resource being looked at, and the resource around it, if any.

    Attributes:
        resource: Plain JSON.
        path: Where it stands.
        place: ``document`` for the outermost, ``contained``, ``entry`` of a Bundle, or ``inside`` something else.
        outer: The scope around it.
        full_url: Of an entry; empty otherwise.
        ids: Ids of elements met so far.
    """

    def __init__(
        self, resource: Resource, path: Path, place: Place, outer: "Scope | None" = None, full_url: str = ""
    ) -> None:
        self.resource = resource
        self.path = path
        self.place: Place = place
        self.outer = outer
        self.full_url = full_url
        self.ids: set[str] = set()

    @property
    def container(self) -> "Scope":
        """The resource that contains this one, or this one."""
        return self.outer.container if self.place == "contained" and self.outer else self

    def inner(self, resource: Resource, path: Path) -> "Scope":
        """The scope of a resource that stands in this one."""
        if self.resource.get("resourceType") in _COLLECTIONS:
            entry = self.index.scope_of(resource)
            if entry is not None:
                return entry
        parent = path[0]
        is_contained = parent is not None and parent[1] == "contained"
        return Scope(resource, path, "contained" if is_contained else "inside", self)

    @property
    def bundle(self) -> "Scope | None":
        """This resource if it is a Bundle or Parameters, else the innermost such resource around it."""
        here: Scope | None = self
        while here is not None and here.resource.get("resourceType") not in _COLLECTIONS:
            here = here.outer
        return here

    @cached_property
    def index(self) -> "BundleIndex":
        """The entries of this Bundle by address."""
        from careloom.validation.bundle_index import BundleIndex  # noqa: PLC0415  (the index makes scopes)

        return BundleIndex(self)


class Walker(Protocol):
    """The walks over whole resources, for checks that meet another resource on their way."""

    def check_inner(self, value: Any, path: Path, check: "Check") -> None:
        """Check a resource that stands inside the one in question, by its type and its own claims."""
        ...

    def check_profile(self, item: Item, schema: Schema, check: "Check") -> None:
        """Check an element or a resource by what a profile says."""
        ...

    def conforms(self, scope: "Scope", canonical: str, check: "Check") -> bool | None:
        """Whether a resource conforms to a profile; None when the profile cannot be had."""
        ...


class Skim(Protocol):
    """What knows of parts of a document that they are fine; each answer may be no where it would be yes.

    Where the answer is yes, what there is to tell of a fine part has been told.
    """

    def left(self, node: Node, value: Mapping[str, Any], path: Path, check: "Check") -> Iterable[str]:
        """The keys of an object that `structure.check_node` is to look at, in order.

        Of the properties that it passes over there would be nothing else to tell; what there is has been told when the
        next key comes.
        """
        ...

    def is_object_fine(self, type: str, value: Any, path: Path, check: "Check") -> bool:
        """Whether `structure.check_node` would tell nothing else of an object."""
        ...

    def left_open(
        self, node: Node, value: Mapping[str, Any], doubtful: tuple[str, ...]
    ) -> tuple[bool, tuple[Constraint, ...]]:
        """What the keys of an object do not decide, where some of its properties were not fine.

        Returns:
            Whether it has all that it must, and no choice twice; the invariants that may not hold.
        """
        ...

    def conforms(self, schema: Schema, item: Item, check: "Check") -> bool:
        """Whether `profiles.check_schema` would tell nothing else of a resource, after its type has been checked."""
        ...


RunState = tuple[tuple[str, ...], tuple[str, ...], dict[tuple[int, str], bool | None], tuple[int, float] | None]


@dataclass(slots=True)
class Run:
    """What stays the same while one document is validated.

    Attributes:
        told_systems: Code systems and value sets of which it has been told that they cannot be checked.
        wrong_displays: Places of displays that are not right, as far as is known.
        judged: Whether resources conform to profiles, as far as that has been asked.
        spending: What the costly invariants may still take, once one has been met.
    """

    walker: Walker
    library: Library
    terminology: Terminology
    options: Options
    clock: Clock
    resolve: Resolve | None
    issues: list[Issue] = field(default_factory=list)
    told_systems: set[str] = field(default_factory=set)
    wrong_displays: set[str] = field(default_factory=set)
    judged: dict[tuple[int, str], bool | None] = field(default_factory=dict)
    skim: Skim | None = None
    spending: Budget | None = None

    @property
    def budget(self) -> Budget:
        """What the costly invariants of the document may still take, made when the first is met."""
        if self.spending is None:
            self.spending = Budget(MOST_STEPS, LONGEST_TIME)
        return self.spending

    def state(self) -> RunState:
        """What has been found so far, but for the issues."""
        told, budget = tuple(self.told_systems), self.spending
        if budget is None and not self.wrong_displays and not self.judged:
            return told, (), {}, None
        spent = (budget.steps, budget.seconds) if budget else None
        return told, tuple(self.wrong_displays), self.judged.copy(), spent

    def return_to(self, state: RunState) -> None:
        """Forget what has been found since."""
        told, displays, judged, spent = state
        self.told_systems, self.wrong_displays, self.judged = set(told), set(displays), judged.copy()
        self.spending = Budget(*spent) if spent else None


@dataclass(slots=True, eq=False)
class Check:
    """Handed from check to check: the run, the resource in question, the profile in force, and the issues so far.

    Never changed; it is not frozen because one is made for every resource, which must not cost.
    """

    run: Run
    scope: Scope
    issues: list[Issue]
    profile: str = ""

    @property
    def library(self) -> Library:
        """Compiled types and profiles."""
        return self.run.library

    @property
    def options(self) -> Options:
        """What the caller chose."""
        return self.run.options

    def tell(self, severity: Severity, code: str, path: Path | None, message: str, rule: str) -> None:
        """Add an issue; the message is put after the path that it is about."""
        place = path_text(path)
        self.issues.append(Issue(severity, code, f"{place}: {message}", place, rule, self.profile))

    def error(self, code: str, path: Path | None, message: str, rule: str) -> None:
        """Add an issue that makes the document invalid."""
        self.tell("error", code, path, message, rule)

    def warning(self, code: str, path: Path | None, message: str, rule: str) -> None:
        """Add an issue that leaves the document valid."""
        self.tell("warning", code, path, message, rule)

    def take_display(self, path: Path) -> None:
        """Take back what was told about a display, now that it is known to be right."""
        place = path_text(path)
        self.run.wrong_displays.discard(place)
        self.issues[:] = [one for one in self.issues if (one.rule, one.expression) != ("display", place)]

    def under(self, profile: str) -> "Check":
        """The same, for what a profile says."""
        return Check(self.run, self.scope, self.issues, profile)

    def within(self, scope: Scope) -> "Check":
        """The same, for another resource."""
        return Check(self.run, scope, self.issues, self.profile)

    def would_hold(self, judge: Callable[["Check"], None]) -> bool:
        """Whether a judgement finds no error; what it tells is told to nobody, and does not count as told."""
        run, aside = self.run, Check(self.run, self.scope, [], self.profile)
        told, run.told_systems = run.told_systems, set(run.told_systems)
        try:
            judge(aside)
        finally:
            run.told_systems = told
        return not has_errors(aside.issues)
