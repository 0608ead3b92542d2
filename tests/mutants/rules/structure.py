"""What JSON looks like: unknown properties, wrong kinds of value, and what is empty."""

from collections.abc import Iterator
from typing import Any

from tests.mutants.mutant import Edit, Mutant
from tests.mutants.rules.workshop import Workshop
from tests.mutants.samples import FAULTY
from tests.mutants.sites import Site

_NUMBERS = frozenset(["decimal", "integer", "positiveInt", "unsignedInt"])


def unknown_element(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A property that the type has not: a made-up one, or a known one misspelt."""
    if not site.is_object:
        return
    known = [key for key in site.value if key[0] != "_" and key != "resourceType"] or ["element"]
    right = workshop.random.choice(known)
    for key in ("careloomUnknown", f"{right}s", right[:-1] + right[-1:].upper()):
        if key not in site.value and not _is_known(key, site, workshop):
            edits = (Edit((*site.keys, key), "specimen"),)
            yield Mutant("unknown-element", site.shape.id, f"{key} added", edits, (f"{site.place}.{key}", site.place))


def _is_known(key: str, site: Site, workshop: Workshop) -> bool:
    children = workshop.shapes.children(site.shape, site.use)
    return any(key == name for child in children for name, _ in child.keys)


def unknown_resource(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A resource of a type that there is not, or of none."""
    if site.is_resource:
        name = site.value["resourceType"]
        for wrong in (f"{name}s", name.lower(), "", "DomainResource", 7):
            edits = (Edit((*site.keys, "resourceType"), wrong),)
            # The path of a resource starts with its type, so the outermost has none that could be expected.
            places = (site.place, str(wrong) if isinstance(wrong, str) and wrong else "Resource")
            yield Mutant("unknown-resource", name, f"renamed {wrong!r}", edits, places if not site.keys else places[:1])


def wrong_json_type(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A text for an object, an object for a text, a number in quotes, a list without brackets."""
    if site.is_resource:
        return
    for wrong in _wrong_kinds(site):
        edits = (Edit(site.keys, wrong),)
        yield Mutant("wrong-json-type", site.shape.id, f"made {wrong!r}", edits, (site.place,), is_below_right=True)
    if site.shape.is_list and site.keys and site.keys[-1] == 0:
        edits = (Edit(site.keys[:-1], site.value),)
        yield Mutant("wrong-json-type", site.shape.id, "out of its list", edits, (site.place,))


def _wrong_kinds(site: Site) -> list[Any]:
    if site.is_object:
        return ["specimen", 1, True, [site.value] if not site.shape.is_list else [[site.value]]]
    if site.use.code in _NUMBERS:
        return [str(site.value), {"value": site.value}, True]
    if site.use.code == "boolean":
        return ["true", 0, {}]
    return [1, True, {"value": site.value}]


def bad_primitive(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A value that the primitive type has not."""
    for wrong in FAULTY.get(site.use.code, ()):
        edits = (Edit(site.keys, wrong),)
        change = f"({site.use.code}) made {wrong!r}"
        places = (site.place, site.place.rpartition(".")[0]) if site.use.code == "xhtml" else (site.place,)
        yield Mutant("bad-primitive", site.shape.id, change, edits, places)


def empty(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An empty text, list or object, or null."""
    if site.is_resource:
        return
    empties: list[Any] = [{}, None] if site.is_object else ["", None] if isinstance(site.value, str) else [None]
    for wrong in empties:
        yield Mutant("empty", site.shape.id, f"made {wrong!r}", (Edit(site.keys, wrong),), (site.place,))
    if site.shape.is_list and site.keys and site.keys[-1] == 0:
        yield Mutant("empty", site.shape.id, "made []", (Edit(site.keys[:-1], []),), (site.place,))
