"""Invariants: each is broken by a small change that makes its own expression false.

What to change is read off the expression: the children that it names are dropped, added, or given another value, one or
two at a time, until the expression says false. Some invariants are about more than the children; they have
a change of their own in a table.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from tests.mutants.mutant import GONE, Edit, Mutant, at, broken
from tests.mutants.rules.workshop import Workshop
from tests.mutants.samples import PRIMITIVES
from tests.mutants.shapes import Shape
from tests.mutants.sites import Site, children_of

from careloom.fhirpath import Environment, Node, compile_expression
from careloom.model import Resource
from careloom.model.errors import CareloomError

_BEST_PRACTICE = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_BY_OTHER_RULES = frozenset(["dom-3", "ele-1", "ext-1", "ref-1", "txt-1", "txt-2"])
"""Broken by the table here or by other rules; what their expressions say in R4 is not quite what they mean."""

_MOST_TRIES = 80

Change = dict[str, Any]
"""Property to its new value, or `GONE`."""


def broken_invariant(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An element that breaks an invariant of its own, of its type, or of its profile."""
    if not site.is_object or site.is_guide:
        return
    for constraint in _constraints(site, workshop):
        key = str(constraint["key"])
        by_hand = _BY_HAND.get(key)
        change = by_hand(site) if by_hand else _found(site, constraint, workshop)
        if change:
            edits = tuple(Edit((*site.keys, name), value) for name, value in change.items())
            told = f"breaks {key}: {', '.join(change)} changed"
            places, is_below_right = (site.place,), by_hand is not None
            yield Mutant("broken-invariant", site.shape.id, told, edits, places, is_below_right, key)


def _constraints(site: Site, workshop: Workshop) -> list[Mapping[str, Any]]:
    """The invariants that are errors: those of the element and those of its type, each key once."""
    of_type = workshop.shapes.root(site.use.profiles[0] if len(site.use.profiles) == 1 else site.use.code)
    shapes = [site.shape, *([of_type] if of_type else [])]
    found = {one["key"]: one for shape in shapes for one in shape.definition.get("constraint", ()) if _is_firm(one)}
    return list(found.values())


def _is_firm(constraint: Mapping[str, Any]) -> bool:
    is_advice = any(one["url"] == _BEST_PRACTICE for one in constraint.get("extension", ()))
    is_ours = constraint["key"] in _BY_HAND or constraint["key"] not in _BY_OTHER_RULES
    return constraint.get("severity") == "error" and "expression" in constraint and is_ours and not is_advice


def _found(site: Site, constraint: Mapping[str, Any], workshop: Workshop) -> Change | None:
    """The first change, in an order by chance, that makes the expression false."""
    changes = _changes(site, str(constraint["expression"]), workshop)
    workshop.random.shuffle(changes)
    pairs = [first | second for first, second in combinations(changes[:8], 2) if not first.keys() & second.keys()]
    tries = [change for change in [*changes, *pairs] if _leaves_something(site, change)][:_MOST_TRIES]
    return next((change for change in tries if _is_false(site, str(constraint["expression"]), change, workshop)), None)


def _leaves_something(site: Site, change: Change) -> bool:
    """Whether the object is not empty afterwards, which is another fault."""
    return any(value is not GONE for value in change.values()) or len(change) < len(site.value)


def _changes(site: Site, expression: str, workshop: Workshop) -> list[Change]:
    """Changes to the children that the expression names, and to their children."""
    names = set(_NAME.findall(expression))
    named = [
        child
        for child in children_of(site, workshop.shapes)
        if child.name in names and not site.leads_to_guide(child.name)
    ]
    direct = [change for child in named for change in _changes_of(site, child, workshop)]
    return direct + [change for child in named for change in _changes_in(site, child, names, workshop)]


def _changes_in(site: Site, child: Shape, names: set[str], workshop: Workshop) -> Iterator[Change]:
    """An item once more, which what has to be unique does not bear, and changes within the last item."""
    for key, use in child.keys:
        if key not in site.value:
            continue
        *before, last = site.value[key] if child.is_list else [site.value[key]]
        if child.is_list:
            yield {key: [*before, last, last]}
        for altered in _altered(replace(site, shape=child, use=use, value=last), names, workshop):
            yield {key: [*before, altered] if child.is_list else altered}


def _altered(site: Site, names: set[str], workshop: Workshop) -> Iterator[Any]:
    """An object with one of its named children changed; never an empty one."""
    parts = (part for part in children_of(site, workshop.shapes) if part.name in names)
    changes = (change for part in parts for change in _changes_of(site, part, workshop))
    for change in changes:
        altered = broken(site.value, (Edit((name,), value) for name, value in change.items()))
        if altered:
            yield altered


def _changes_of(site: Site, child: Shape, workshop: Workshop) -> Iterator[Change]:
    """A child dropped, if it is there; given to what has it not; with another value, if it is a primitive."""
    for key, use in child.keys:
        if key in site.value:
            if child.min == 0:
                yield {key: GONE}
            if use.is_primitive and not child.is_list:
                yield from ({key: other} for other in _other_values(site, child, key, workshop))
        elif child.max != 0 and not any(other in site.value for other, _ in child.keys):
            value = workshop.filler.value(child, use, workshop.random)
            yield {key: [value] if child.is_list else value}


def _other_values(site: Site, child: Shape, key: str, workshop: Workshop) -> list[Any]:
    codes = workshop.filler.codes(str((child.definition.get("binding") or {}).get("valueSet", "")))
    type = next(use.code for name, use in child.keys if name == key)
    others = [code for _, code in codes] or list(PRIMITIVES.get(type, ()))
    numbers = [-1] if type in ("decimal", "integer") else []
    return [other for other in [*numbers, *others] if other != site.value[key]][:12]


def _is_false(site: Site, text: str, change: Change, workshop: Workshop) -> bool:
    edits = tuple(Edit((*site.keys, name), value) for name, value in change.items())
    return _evaluated(site, text, broken(workshop.resource, edits), workshop) == [False]


def _evaluated(site: Site, text: str, whole: Resource, workshop: Workshop) -> list[Any]:
    try:
        expression = compile_expression(text, types=workshop.shapes.definitions.types, context_type=_node_name(site))
        environment = Environment(resource=at(whole, site.resource_keys), root_resource=at(whole, site.container_keys))
        return expression.evaluate(Node(at(whole, site.keys), _node_name(site)), environment)
    except CareloomError:
        return []  # nothing to break it by


def _node_name(site: Site) -> str:
    """The type, or for a part of one its path: ``Patient.contact``."""
    if site.use.code not in ("BackboneElement", "Element"):
        return site.use.code
    definition = site.shape.definition
    return site.shape.content_reference or str((definition.get("base") or definition)["path"])


def _contained(**more: Any) -> Resource:
    return {"resourceType": "Basic", "id": "careloom-inside", "code": {"text": "specimen"}} | more


def _with_contained(**more: Any) -> Callable[[Site], Change | None]:
    """A contained resource in a resource that is not contained itself."""

    def change(site: Site) -> Change | None:
        if site.container_keys != site.keys:
            return None
        return {"contained": [*site.value.get("contained", []), _contained(**more)]}

    return change


_OF_CONTAINER = {"subject": {"reference": "#"}}

_BY_HAND: Mapping[str, Callable[[Site], Change | None]] = {
    "dom-2": _with_contained(**_OF_CONTAINER, contained=[_contained(id="careloom-further-inside")]),
    "dom-3": _with_contained(),
    "dom-4": _with_contained(**_OF_CONTAINER, meta={"versionId": "1"}),
    "dom-5": _with_contained(**_OF_CONTAINER, meta={"security": [{"code": "x"}]}),
    "per-1": lambda site: {"start": "2024-02-02", "end": "2024-02-01"},
    "rng-2": lambda site: {"low": {"value": 2}, "high": {"value": 1}},
}
"""Key of an invariant to what breaks it."""
