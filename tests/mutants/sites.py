"""Every value of a resource with the element that defines it: the places where a resource can be broken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.mutants.mutant import Keys
from tests.mutants.shapes import Shape, Shapes, TypeUse
from tests.mutants.slices import UNDECIDED, guides_of, slice_of

from careloom.model import Resource

Guides = frozenset[tuple[str, ...]]
"""Paths, from here, to what tells slices apart."""

_ELEMENT = TypeUse("Element", (), ())


@dataclass(frozen=True, slots=True)
class Site:
    """A value and its definition.

    Attributes:
        shape: The element, or the slice that the value is in.
        use: The type that the value has.
        keys: Where it stands in the outermost resource.
        place: The same as FHIRPath, without choice types: ``Observation.value.code``.
        value: Plain JSON.
        resource_keys: Where the nearest resource around it stands; its own keys for a resource.
        container_keys: The same for what ``%rootResource`` means: that resource, or the one it is contained in.
        guides: What, below here, tells slices apart.
        is_guide: Whether this value itself does: to change it is to move the item to another slice, which may be fine.
    """

    shape: Shape
    use: TypeUse
    keys: Keys
    place: str
    value: Any
    resource_keys: Keys
    container_keys: Keys
    guides: Guides = frozenset()
    is_guide: bool = False

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_resource(self) -> bool:
        return self.keys == self.resource_keys

    def leads_to_guide(self, name: str) -> bool:
        """Whether a child tells slices apart, by itself or by something below it."""
        return self.is_guide or any(guide[0] == name for guide in self.guides if guide)


def sites_of(resource: Resource, canonical: str, shapes: Shapes) -> Iterator[Site]:
    """The sites of a resource by a profile or by its type, in document order; the resource itself is the first."""
    root = shapes.root(canonical)
    if root is not None:
        name = str(resource["resourceType"])
        yield from _below(Site(root, TypeUse(name, (), ()), (), name, resource, (), ()), shapes)


def children_of(site: Site, shapes: Shapes) -> Sequence[Shape]:
    """The elements that an object may have."""
    return shapes.children(site.shape, site.use) if site.is_object else ()


def _below(site: Site, shapes: Shapes) -> Iterator[Site]:
    yield site
    for child in children_of(site, shapes):
        for key, use in child.keys:
            yield from _occurrences(site, child, key, use, shapes)


def _occurrences(site: Site, child: Shape, key: str, use: TypeUse, shapes: Shapes) -> Iterator[Site]:
    value, beside = site.value.get(key), site.value.get(f"_{key}")
    place = f"{site.place}.{child.name}"
    if isinstance(value, list):
        for index, item in enumerate(value):
            if item is not None:
                yield from _item(site, child, use, ((*site.keys, key, index), f"{place}[{index}]", item), shapes)
    elif value is not None:
        yield from _item(site, child, use, ((*site.keys, key), place, value), shapes)
    if isinstance(beside, dict) and (element := shapes.root("Element")):
        keys = (*site.keys, f"_{key}")
        inside = Site(element, _ELEMENT, keys, place, beside, site.resource_keys, site.container_keys)
        yield from (found for found in _below(inside, shapes) if found is not inside)


def _item(site: Site, child: Shape, use: TypeUse, found: tuple[Keys, str, Any], shapes: Shapes) -> Iterator[Site]:
    keys, place, value = found
    if use.code in ("Resource", "DomainResource"):
        yield from _inner_resource(site, child, found, shapes)
        return
    is_guide = site.is_guide or any(guide == (child.name,) for guide in site.guides)
    guides = frozenset(guide[1:] for guide in site.guides if len(guide) > 1 and guide[0] == child.name)
    shape = slice_of(child, value, use, shapes)
    if shape is UNDECIDED:
        shape, is_guide = child, True
    elif shape is not child:
        guides |= guides_of(child)
        is_guide = is_guide or () in guides
        use = _use_in(shape, use)
    defined = shapes.root(str(value.get("url"))) if use.code == "Extension" and isinstance(value, dict) else None
    if defined and not shape.slice_name:
        shape, use, guides = defined, TypeUse("Extension", (), ()), guides | {("url",)}
    here = Site(shape, use, keys, place, value, site.resource_keys, site.container_keys, guides, is_guide)
    yield from _below(here, shapes)


def _use_in(slice: Shape, use: TypeUse) -> TypeUse:
    """The type as the slice narrows it."""
    return next((one for one in slice.types if one.code == use.code), use)


def _inner_resource(site: Site, child: Shape, found: tuple[Keys, str, Any], shapes: Shapes) -> Iterator[Site]:
    keys, place, value = found
    name = value.get("resourceType") if isinstance(value, Mapping) else None
    root = shapes.root(name) if isinstance(name, str) else None
    if root is not None:
        container_keys = site.container_keys if child.name == "contained" else keys
        yield from _below(Site(root, TypeUse(str(name), (), ()), keys, place, value, keys, container_keys), shapes)
