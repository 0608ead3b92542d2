"""How often an element is there: a required one dropped, one too many, one that is forbidden, a choice made twice."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.mutants.mutant import GONE, Edit, Mutant
from tests.mutants.rules.workshop import Workshop
from tests.mutants.shapes import Shape
from tests.mutants.sites import Site, children_of


def drop_required(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An element that must be there is not; told at the element or at what lacks it."""
    for child in children_of(site, workshop.shapes):
        present = _present(site.value, child)
        is_needed = child.base_min > 0 or (child.min > 0 and not site.leads_to_guide(child.name))
        if not present or not is_needed or child.name == "extension":
            continue
        edits = tuple(Edit((*site.keys, key), GONE) for key in present)
        yield Mutant("drop-required", child.id, "dropped", edits, (f"{site.place}.{child.name}", site.place))


def second_value(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A list where JSON has one value, or one item more than the definition allows."""
    for child in children_of(site, workshop.shapes):
        for key in _present(site.value, child):
            value = site.value.get(key)
            is_full = child.max is not None and isinstance(value, list) and len(value) >= child.max
            if value is None or isinstance(value, list) != child.is_list or (child.is_list and not is_full):
                continue
            new = [*value, value[-1]] if child.is_list else [value, value]
            edits = (Edit((*site.keys, key), new),)
            yield Mutant("second-value", child.id, "twice", edits, (f"{site.place}.{child.name}",))


def forbidden(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An element that the profile takes away."""
    for child in children_of(site, workshop.shapes):
        if child.max != 0 or (child.definition.get("base") or {}).get("max") == "0" or child.name == "extension":
            continue
        key, use = next(iter(child.keys))
        value = workshop.filler.value(child, use, workshop.random)
        edits = (Edit((*site.keys, key), [value] if child.is_list else value),)
        if key not in site.value and not site.leads_to_guide(child.name):
            yield Mutant("forbidden", child.id, "added", edits, (f"{site.place}.{child.name}",))


def choice_twice(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A second type of a choice beside the first; told at the choice or at what has it."""
    for child in children_of(site, workshop.shapes):
        base = _base_choice(site, child, workshop)
        absent = [(key, use) for key, use in base.keys if key not in site.value] if base else []
        if not child.is_choice or child.max == 0 or not _present(site.value, child) or not absent:
            continue
        key, use = workshop.random.choice(absent)
        edits = (Edit((*site.keys, key), workshop.filler.value(base or child, use, workshop.random)),)
        yield Mutant("choice-twice", child.id, f"{key} too", edits, (f"{site.place}.{child.name}", site.place))


def _base_choice(site: Site, child: Shape, workshop: Workshop) -> Shape | None:
    """The choice as the type of the parent has it: a profile may leave a single type."""
    path = str((child.definition.get("base") or child.definition)["path"])
    root = workshop.shapes.root(path.partition(".")[0])
    is_there = root is not None and path in root.structure.elements
    return Shape(root.structure, path) if root and is_there else child


def _present(value: Mapping[str, Any], child: Shape) -> list[str]:
    """The JSON keys by which a child is there, siblings of primitives included."""
    return [key for name, _ in child.keys for key in (name, f"_{name}") if key in value]
