"""What a value must be: codes of a required binding, fixed values and patterns, slices, targets of references."""

from collections.abc import Iterator
from typing import Any

from tests.mutants.mutant import GONE, Edit, Mutant, at
from tests.mutants.rules.workshop import Workshop
from tests.mutants.samples import FORMAL_CODES
from tests.mutants.shapes import Shape
from tests.mutants.sites import Site, children_of
from tests.mutants.slices import slice_of

_MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_NONSENSE = "careloom-no-such-code"
_ELSEWHERE = (
    ("http://hl7.org/fhir/administrative-gender", "female"),
    ("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "OTH"),
)


def outside_binding(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A code that the required value set has not: one that nobody has, or a right one of another system."""
    value_set = _required_value_set(site)
    codes = workshop.filler.codes(value_set) if value_set and not site.is_guide else []
    if not codes or site.guides:
        return
    for wrong in _codes_outside(site, codes):
        change = f"made {wrong!r}, not in {value_set}"
        edits = (Edit(site.keys, wrong),)
        yield Mutant("outside-binding", site.shape.id, change, edits, (site.place,), is_below_right=True)


def _required_value_set(site: Site) -> str:
    binding = site.shape.definition.get("binding") or {}
    if binding.get("strength") == "required":
        return str(binding.get("valueSet", ""))
    greatest = (one.get("valueCanonical") for one in binding.get("extension", ()) if one["url"] == _MAX_VALUE_SET)
    return str(next(greatest, None) or "")


def _codes_outside(site: Site, codes: list[tuple[str, str]]) -> Iterator[Any]:
    system = codes[0][0]
    wrong = FORMAL_CODES[system][1] if system in FORMAL_CODES else _NONSENSE
    elsewhere = next(one for one in _ELSEWHERE if one[0] not in {system for system, _ in codes})
    if site.use.code == "code":
        yield wrong
    elif site.use.code == "Coding":
        yield {**site.value, "system": system, "code": wrong}
        yield {"system": elsewhere[0], "code": elsewhere[1]}
    elif site.use.code == "CodeableConcept":
        yield {"coding": [{"system": system, "code": wrong}]}
        yield {"coding": [{"system": elsewhere[0], "code": elsewhere[1]}]}
        yield {"text": "specimen"}


def wrong_fixed(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A value other than the one that is fixed, or without something of its pattern."""
    if site.shape.value is None or site.is_guide:
        return
    kind, wanted = site.shape.value
    rule = f"wrong-{kind}"
    for wrong in _others(wanted):
        edits = (Edit(site.keys, wrong),)
        yield Mutant(rule, site.shape.id, f"made {wrong!r}", edits, (site.place,), is_below_right=True)


def _others(wanted: Any) -> Iterator[Any]:
    """Values of the same type that are not the one wanted, and hardly wrong otherwise."""
    if isinstance(wanted, dict):
        for key, part in wanted.items():
            yield from ({**wanted, key: other} for other in _others(part))
            if len(wanted) > 1:
                yield {name: item for name, item in wanted.items() if name != key}
    elif isinstance(wanted, list):
        yield from ([other, *wanted[1:]] for other in _others(wanted[0]))
    elif isinstance(wanted, bool):
        yield not wanted
    elif isinstance(wanted, str):
        yield wanted + "x"
    else:
        yield wanted + 1


def missing_slice(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A list without an item of a slice that must be there: dropped, or made into something else."""
    for child, slice, key, mine in _sliced(site, workshop):
        if slice.min == 0 or len(mine) > slice.min or site.leads_to_guide(child.name):
            continue
        rest = [item for index, item in enumerate(site.value[key]) if index not in mine]
        edits = (Edit((*site.keys, key), rest or GONE),)
        yield Mutant("missing-slice", slice.id, "dropped", edits, (f"{site.place}.{child.name}", site.place))


def crowded_slice(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """One item more in a slice than it may have; told at the list or the item too many."""
    for child, slice, key, mine in _sliced(site, workshop):
        if slice.max in (None, 0) or len(mine) != slice.max:
            continue
        edits = (Edit((*site.keys, key), [*site.value[key], site.value[key][mine[-1]]]),)
        yield Mutant("crowded-slice", slice.id, "once more", edits, (f"{site.place}.{child.name}",))


def stray_item(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """An item that is in no slice, where the slicing is closed."""
    for child in children_of(site, workshop.shapes):
        items = site.value.get(child.name)
        if child.slicing.get("rules") != "closed" or not isinstance(items, list) or child.is_choice:
            continue
        index = len(items)
        stray = _stray(child, items, workshop)
        if stray is not None:
            edits = (Edit((*site.keys, child.name), [*items, stray]),)
            place = f"{site.place}.{child.name}[{index}]"
            yield Mutant("stray-item", child.id, "of no slice", edits, (place,))


def _stray(child: Shape, items: list[Any], workshop: Workshop) -> Any:
    use = child.types[0]
    if use.code == "Extension":
        return {"url": "https://specimens.invalid/stray", "valueString": "specimen"}
    for wrong in _others(items[0]):
        if slice_of(child, wrong, use, workshop.shapes) is child:
            return wrong
    return None


def _sliced(site: Site, workshop: Workshop) -> Iterator[tuple[Shape, Shape, str, list[int]]]:
    """The slices that have items here: the element, the slice, the JSON key and the places of its items."""
    for child in children_of(site, workshop.shapes):
        key, use = next(iter(child.keys))
        items = site.value.get(key)
        if child.is_choice or not isinstance(items, list):
            continue
        homes = [slice_of(child, item, use, workshop.shapes) for item in items]
        for slice in workshop.shapes.slices(child):
            mine = [index for index, home in enumerate(homes) if isinstance(home, Shape) and home.id == slice.id]
            if mine:
                yield child, slice, key, mine


def wrong_target(site: Site, workshop: Workshop) -> Iterator[Mutant]:
    """A reference to a resource of a type that it may not point at, or to a contained one that is not there."""
    if site.use.code != "Reference" or site.is_guide:
        return
    places = (site.place, f"{site.place}.reference")
    allowed = {workshop.shapes.resource_type(target) for target in site.use.targets}
    edits: tuple[Edit, ...] = (Edit(site.keys, {**site.value, "reference": "#careloom-nowhere"}),)
    yield Mutant("wrong-target", site.shape.id, "made #careloom-nowhere", edits, places)
    if not allowed or allowed & {"", "Resource", "DomainResource"}:
        return
    yield from _wrongly_contained(site, allowed, workshop)
    types = sorted(workshop.shapes.definitions.types.resource_types() - allowed)
    wrong = f"{workshop.random.choice(types)}/careloom-target"
    for reference in (wrong, f"https://specimens.invalid/fhir/{wrong}"):
        edits = (Edit(site.keys, {"reference": reference}),)
        yield Mutant("wrong-target", site.shape.id, f"made {reference}", edits, places)


def _wrongly_contained(site: Site, allowed: set[str], workshop: Workshop) -> Iterator[Mutant]:
    """A reference to a contained resource that is there, and of a type that is not allowed."""
    container = at(workshop.resource, site.container_keys)
    if "Basic" in allowed or not workshop.shapes.definitions.types.is_a(container["resourceType"], "DomainResource"):
        return
    inside = {"resourceType": "Basic", "id": "careloom-inside", "code": {"text": "specimen"}}
    edits = (
        Edit((*site.container_keys, "contained"), [*container.get("contained", []), inside]),
        Edit(site.keys, {"reference": "#careloom-inside"}),
    )
    yield Mutant("wrong-target", site.shape.id, "made #careloom-inside, a Basic", edits, (site.place,))
