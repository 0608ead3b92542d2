"""Extensions gone wrong: of no definition, of the wrong type, in the wrong place, half made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.mutants.mutant import Edit, Mutant, at
from tests.mutants.rules.workshop import Workshop
from tests.mutants.shapes import CORE, Shape, TypeUse
from tests.mutants.sites import Site, children_of

_ANYWHERE = {"url": CORE + "data-absent-reason", "valueCode": "unknown"}
_NOWHERE = {"url": "https://specimens.invalid/StructureDefinition/no-such-extension", "valueString": "specimen"}
_MODIFIER = {"url": CORE + "request-doNotPerform", "valueBoolean": True}

_FOR_ANYTHING = frozenset([CORE + "structuredefinition-normative-version"])
"""Extensions whose definition names a resource, while the core package itself has them on anything."""

_UNFIT: Mapping[str, Mapping[str, Any]] = {
    "without a definition": _NOWHERE,
    "with the wrong type": {"url": _ANYWHERE["url"], "valueInteger": 1},
    "with a code of no sense": {"url": _ANYWHERE["url"], "valueCode": "careloom-no-such-code"},
    "with nothing in it": {"url": _ANYWHERE["url"]},
    "with a value and parts": {**_ANYWHERE, "extension": [_ANYWHERE]},
    "with two values": {**_ANYWHERE, "valueString": "specimen"},
    "without an address": {"valueCode": "unknown"},
    "with a relative address": {"url": "no-such-part", "valueCode": "unknown"},
    "with an address with a space": {"url": "http://hl7.org/fhir/no such", "valueCode": "unknown"},
}
"""What is wrong with an extension to the extension; all may stand on any element."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """An extension that is wrong somewhere, with the name of the rule and the reason."""

    rule: str
    why: str
    extension: Mapping[str, Any]


def bad_extension(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An extension that is wrong by itself, on an object or on a primitive that has none yet."""
    for why, extension in _UNFIT.items():
        yield from _added(site, _Fault("bad-extension", why, extension), workshop)


def misplaced_extension(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An extension that is right by itself, on an element that it is not for."""
    unfit = [one for one in workshop.shapes.extensions if _is_for_other_resources(one, site, workshop)]
    if not unfit or not site.is_object:
        return
    definition = workshop.random.choice(unfit)
    root = workshop.shapes.root(str(definition["url"]))
    extension = _made(root, workshop) if root else None
    if extension:
        yield from _added(site, _Fault("misplaced-extension", f"of {definition['url']}", extension), workshop)


def misplaced_modifier(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An extension that changes the meaning among those that do not, and the other way round."""
    if not site.is_resource or not any(child.name == "extension" for child in children_of(site, workshop.shapes)):
        return
    rule = "misplaced-modifier"
    yield from _added(site, _Fault(rule, "that is a modifier", _MODIFIER), workshop)
    yield from _added(site, _Fault(rule, "that is no modifier", _ANYWHERE), workshop, key="modifierExtension")


def altered_extension(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An extension that is there with a value of a type that its definition does not have."""
    if site.use.code != "Extension" or not site.is_object or site.shape.structure.type != "Extension":
        return
    value = next((child for child in workshop.shapes.children(site.shape, site.use) if child.name == "value"), None)
    keys = dict(value.keys) if value else {}
    if len(keys) > 10 or not keys.keys() & site.value.keys():
        return
    wrong, new = ("valueInteger", 1) if "valueInteger" not in keys else ("valueCode", "x")
    altered = {key: item for key, item in site.value.items() if key not in keys} | {wrong: new}
    places = (site.place, f"{site.place}.value")
    yield Mutant("bad-extension", site.shape.id, f"made {wrong}", (Edit(site.keys, altered),), places)


def _added(site: Site, fault: _Fault, workshop: Workshop, key: str = "extension") -> Iterator[Mutant]:
    """The site with one extension more; on a primitive, in a sibling of its own."""
    before = site.value.get(key, []) if site.is_object else []
    new = [*before, dict(fault.extension)]
    edit = Edit((*site.keys, key), new) if site.is_object else Edit(_sibling_keys(site), {"extension": new})
    place = f"{site.place}.{key}[{len(before)}]"
    if _takes(site, key, workshop) if site.is_object else edit.keys:
        yield Mutant(fault.rule, site.shape.id, f"extension {fault.why}", (edit,), (place,), is_below_right=True)


def _takes(site: Site, key: str, workshop: Workshop) -> bool:
    """Whether extensions have their place here; not beside the parts or the value of another extension."""
    child = next((one for one in workshop.shapes.children(site.shape, site.use) if one.name == key), None)
    return child is not None and child.max != 0 and site.use.code != "Extension"


def _sibling_keys(site: Site) -> tuple[str | int, ...]:
    """Where the sibling of a single primitive goes, if there is none; lists of primitives are left alone."""
    if not isinstance(site.keys[-1], str) or site.use.code in ("id", "xhtml") or site.shape.name in ("id", "url"):
        return ()
    return (*site.keys[:-1], f"_{site.keys[-1]}")


def _is_for_other_resources(definition: Mapping[str, Any], site: Site, workshop: Workshop) -> bool:
    """Whether every context starts with a resource type that is not around here."""
    names = {str(at(workshop.resource, site.resource_keys)["resourceType"]), "DomainResource", "Resource"}
    types = workshop.shapes.definitions.types.resource_types()
    contexts = definition.get("context") or [{}]
    starts = [str(one.get("expression", "")).partition(".")[0] for one in contexts if one.get("type") == "element"]
    is_plain = len(starts) == len(contexts) and all(start in types for start in starts)
    return (
        is_plain
        and definition["url"] not in _FOR_ANYTHING
        and not names & set(starts)
        and not _is_modifier(definition, workshop)
    )


def _is_modifier(definition: Mapping[str, Any], workshop: Workshop) -> bool:
    root = workshop.shapes.root(str(definition["url"]))
    return root is None or root.definition.get("isModifier") is True


def _made(root: Shape, workshop: Workshop) -> Any:
    made = workshop.filler.value(root, TypeUse("Extension", (), ()), workshop.random)
    is_whole = made.get("url") == root.structure.url and len(made) > 1
    return made if is_whole else None
