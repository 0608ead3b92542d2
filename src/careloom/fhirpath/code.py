"""Compiled expressions: closures, and what is known about their results.

An expression is compiled to a function of the context item (``$this``, or None where there is none) and the `Scope`.
It comes in two forms. Where at most one item can come out, it gives that item or None, so that most of an invariant
runs without making a single list. Otherwise it gives a list, which belongs to whoever made it, often to the data
itself, and is never changed by whoever receives it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from careloom.fhirpath.conversions import CONVERTERS, system_value
from careloom.fhirpath.environment import DEFAULT, Scope
from careloom.fhirpath.nodes import BOOLEAN, Item, Node, boxed, plain
from careloom.fhirpath.sources import Site
from careloom.model.errors import CareloomError
from careloom.model.records import dataclass, field, replace

Run = Callable[[Item, Scope], Any]
"""Gives an item or None, or a list, as the shape says."""

NOTHING: list[Item] = []
"""The empty collection, made once."""

_STEPS_TO_FOLD = 500
"""Constants that take longer to make, or that are longer, are made when they are needed."""

LONG = 16
"""Items of a list from which a single walk over it counts as steps; loops within loops count from two items on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a result while compiling.

    Attributes:
        types: Names of the types that its items may have; None where they may have any.
        single: Whether there is at most one item, given as itself and not in a list.
        ordered: Whether the order of the items means something.
    """

    types: frozenset[str] | None = None
    single: bool = False
    ordered: bool = True

    @property
    def exact(self) -> str | None:
        """The one type that a plain value has, None where values of several types carry theirs."""
        if self.types is not None and len(self.types) == 1:
            (name,) = self.types
            return name
        return None


def one(*types: str) -> Shape:
    """At most one item, of one of these types; of any type where none is named."""
    return Shape(frozenset(types) or None, single=True)


def several(*types: str) -> Shape:
    """Any number of items, of one of these types; of any type where none is named."""
    return Shape(frozenset(types) or None)


ANY_ONE = one()
ANY = several()
TRUTH = one(BOOLEAN)


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression.

    Attributes:
        run: Gives one item or None if ``shape.single``, else a list.
        shape: What is known of the result.
        uses_this: Whether the result depends on the context item.
        uses_world: Whether it depends on anything else that is not in the text: environment, ``$index``, ``$total``.
        narrowed: For a choice of types, the code for one of them alone.
        variables: What ``defineVariable`` defined for the rest of the path, name to slot and shape.
        is_folded: Whether it was run while compiling, and gives what came out.
    """

    run: Run
    shape: Shape
    uses_this: bool = True
    uses_world: bool = False
    narrowed: Callable[[str], "Code | None"] | None = None
    variables: Mapping[str, tuple[int, Shape]] = field(default_factory=dict)
    is_folded: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether it gives the same result whatever it is run on."""
        return not (self.uses_this or self.uses_world)


def constant(value: Any, shape: Shape) -> Code:
    """Code that gives a value known while compiling."""
    return Code(lambda this, scope: value, shape, uses_this=False)


def empty() -> Code:
    """Code that gives nothing."""
    return constant(None, ANY_ONE)


def folded(code: Code) -> Code:
    """The same code, run once and for all where nothing can change its result; an error waits until it is run."""
    if code.is_folded:  # or rather a part of it, which it was made from
        code = replace(code, is_folded=False)
    if not code.is_constant:
        return code
    scope = Scope(DEFAULT, None)
    scope.steps_left = _STEPS_TO_FOLD
    try:
        value = code.run(None, scope)
    except CareloomError:
        return code
    if isinstance(value, list) and len(value) > _STEPS_TO_FOLD:
        return code
    return replace(code, run=lambda this, scope: value, is_folded=True)


def many(code: Code) -> Run:
    """The result as a list, not to be changed."""
    if not code.shape.single:
        return code.run
    single = code.run

    def run(this: Item, scope: Scope) -> list[Item]:
        item = single(this, scope)
        return NOTHING if item is None else [item]

    return run


def single(code: Code, site: Site) -> Run:
    """The result as one item or None; several are an error when it runs."""
    if code.shape.single:
        return code.run
    plural = code.run

    def run(this: Item, scope: Scope) -> Item:
        items = plural(this, scope)
        if not items:
            return None
        if len(items) == 1:
            return items[0]
        raise site.invalid(f"one item expected, {len(items)} found")

    return run


def value(code: Code, site: Site) -> Run:
    """The result as one value of the system types or None; structures stay as they are."""
    get = single(code, site)
    exact = code.shape.exact
    if exact is not None and exact.startswith("System."):
        return get
    convert = CONVERTERS.get(exact)
    if convert is None and exact is not None:

        def run(this: Item, scope: Scope) -> Any:
            item = get(this, scope)
            return item.value if item.__class__ is Node else item

        return run

    def run_converted(this: Item, scope: Scope) -> Any:
        item = get(this, scope)
        return None if item is None else system_value(item, exact)

    return run_converted


def values(code: Code) -> Run:
    """The result as a list of values of the system types and structures."""
    get = many(code)
    exact = code.shape.exact
    if exact is not None and exact.startswith("System."):
        return get
    if exact is not None and exact not in CONVERTERS:
        return lambda this, scope: [item.value if item.__class__ is Node else item for item in get(this, scope)]
    return lambda this, scope: [system_value(item, exact) for item in get(this, scope)]


def truth(code: Code, site: Site) -> Run:
    """The result as True, False or None: one item that is no boolean counts as true.

    Source: FHIRPath 2.0, 4.5 Singleton Evaluation of Collections.
    """
    get = single(code, site)
    if code.shape.exact == BOOLEAN:
        return get

    def run(this: Item, scope: Scope) -> bool | None:
        item = get(this, scope)
        if item is None or item is True or item is False:
            return item
        return as_truth(item)

    return run


def as_truth(item: Item) -> bool | None:
    """One item as a condition: a boolean is itself, anything else is true."""
    found = plain(item)
    if item.__class__ is Node and item.type_name == "boolean":
        return found if isinstance(found, bool) else None
    return found if isinstance(found, bool) else True


def in_boxes(code: Code) -> Run:
    """The result as a list whose items need no knowledge of their type."""
    get = many(code)
    exact = code.shape.exact
    if exact is None or exact.startswith("System."):
        return get
    return lambda this, scope: [boxed(item, exact) for item in get(this, scope)]


def path(left: Code, step: Code) -> Code:
    """The step taken from each item of what is on the left."""
    shape = Shape(step.shape.types, left.shape.single and step.shape.single, left.shape.ordered and step.shape.ordered)
    return replace(left, run=_path_run(left, step), shape=shape, narrowed=_path_narrowed(left, step))


def _path_narrowed(left: Code, step: Code) -> Callable[[str], Code | None] | None:
    narrow = step.narrowed
    if narrow is None:
        return None

    def narrowed(type_name: str) -> Code | None:
        narrower = narrow(type_name)
        return None if narrower is None else path(left, narrower)

    return narrowed


def _path_run(left: Code, step: Code) -> Run:
    before, after = left.run, step.run

    def single_single(this: Item, scope: Scope) -> Item:
        item = before(this, scope)
        return None if item is None else after(item, scope)

    def single_many(this: Item, scope: Scope) -> list[Item]:
        item = before(this, scope)
        if item is None:
            return NOTHING
        found: list[Item] = after(item, scope)
        if len(found) > LONG:
            scope.spend(len(found))
        return found

    def many_single(this: Item, scope: Scope) -> list[Item]:
        items = before(this, scope)
        if len(items) > LONG:
            scope.spend(len(items))
        return [found for item in items if (found := after(item, scope)) is not None]

    def many_many(this: Item, scope: Scope) -> list[Item]:
        items = before(this, scope)
        if len(items) > LONG:
            scope.spend(len(items))
        return [found for item in items for found in after(item, scope)]

    if left.shape.single:
        return single_single if step.shape.single else single_many
    return many_single if step.shape.single else many_many
