"""Slicing: which item of a list belongs to which slice, and what then holds.

An item belongs to the first slice whose discriminators all accept it. What a discriminator accepts is not a list of
values worked out beforehand: the element that its path leads to in the slice is simply checked, in silence, on what
the path leads to in the item. So one mechanism serves fixed values, patterns, bindings, children and profiles.

Source: FHIR R4, profiling, "Slicing" and "Discriminator".
"""

from collections.abc import Callable

from careloom.model.late import late_pattern
from careloom.model.records import dataclass
from careloom.validation.context import Check, Item, Scope
from careloom.validation.items import children_of
from careloom.validation.resolution import resolve
from careloom.validation.schema import Discriminator, Element, Slicing, TypeRule

Content = Callable[[Element, Item, Check], None]
_STEP = late_pattern(r"(?:[^.()]|\([^()]*\))+")
_DEFAULT = "@default"


@dataclass(frozen=True, slots=True)
class _Side:
    """Where a discriminator's path has led to: what slices say there, and the items there."""

    elements: tuple[Element, ...]
    items: tuple[tuple[Item, Check], ...]


def check_slices(element: Element, items: list[Item], parent: Item, check: Check, content: Content) -> None:
    """Sort items into slices, and check order, rules, counts and the content of each."""
    slicing = element.slicing
    if slicing is None:
        return
    slices = [one for one in element.slices if one.slice_name != _DEFAULT]
    homes = [_home(slices, slicing, item, check, content) for item in items]
    _check_rules(element, slicing, list(zip(items, homes, strict=True)), check, content)
    for slice in slices:
        mine = [item for item, home in zip(items, homes, strict=True) if home is slice]
        _check_count(slice, element, mine, parent, check)
        for item in mine:
            content(slice, item, check)
        if slice.slicing:
            check_slices(slice, mine, parent, check, content)


def _home(slices: list[Element], slicing: Slicing, item: Item, check: Check, content: Content) -> Element | None:
    """The first slice that accepts an item; another one that does is told, since slices exclude each other."""
    accepting = [slice for slice in slices if _is_accepted(slice, slicing, item, check, content)]
    certain = [slice for slice in accepting if _decides(slice, slicing, item, check)] if len(accepting) > 1 else []
    if len(certain) > 1:
        names = " and ".join(slice.slice_name for slice in certain)
        check.error("structure", item.path, f"one slice at most expected, {names} match", "slicing")
    return accepting[0] if accepting else None


def _is_accepted(slice: Element, slicing: Slicing, item: Item, check: Check, content: Content) -> bool:
    return all(_accepts(slice, one, item, check, content) for one in _discriminators(slicing, slice))


def _decides(slice: Element, slicing: Slicing, item: Item, check: Check) -> bool:
    """Whether an item that a slice does not mean can be told by each discriminator.

    Slices told apart by type may say nothing of it: those of UK Core for codes of laboratories differ in the value set
    that they recommend, and an item is of either.
    """
    return all(
        _is_url_of_extension(one, item, slice)
        or any(bool(found.types) if one.type == "type" else _is_exacting(found) for found in led.elements)
        for one in _discriminators(slicing, slice)
        for led in (_led(one, slice, item, check),)
    )


def _is_exacting(element: Element) -> bool:
    return bool(
        element.required
        or element.children
        or element.min
        or element.max == 0
        or (element.binding and element.binding.strength == "required")
        or any(type.profiles or type.code != "Resource" for type in element.types)
    )


def _discriminators(slicing: Slicing, slice: Element) -> tuple[Discriminator, ...]:
    """Those of the slicing; without any, a slice of a choice is told by its type and others by their content."""
    return slicing.discriminators or (Discriminator("type" if slice.is_choice else "value", "$this"),)


def _check_rules(
    element: Element, slicing: Slicing, homed: list[tuple[Item, Element | None]], check: Check, content: Content
) -> None:
    slices = [one for one in element.slices if one.slice_name != _DEFAULT]
    default = next((one for one in element.slices if one.slice_name == _DEFAULT), None)
    names = ", ".join(slice.slice_name for slice in slices)
    last = -1
    for position, (item, home) in enumerate(homed):
        if home is None and default is not None:
            content(default, item, check)
        elif home is None and slicing.rules == "closed":
            check.error("structure", item.path, f"one of the slices {names} expected, none matches", "slicing")
        elif home is None and slicing.rules == "openAtEnd" and any(later for _, later in homed[position:]):
            check.error("structure", item.path, f"slices {names} expected first, something else found", "slicing")
        elif home is not None and slicing.is_ordered:
            order = slices.index(home)
            if order < last:
                check.error("structure", item.path, f"slices in the order {names} expected", "slicing")
            last = max(last, order)


def _check_count(slice: Element, whole: Element, items: list[Item], parent: Item, check: Check) -> None:
    count = len(items)
    place = f"slice {slice.slice_name}"
    path = (parent.path, whole.name)
    if count < slice.min:
        check.error("structure", path, f"{place}: at least {slice.min} expected, {count} found", "slicing")
    elif slice.max is not None and count > slice.max:
        check.error(
            "structure", items[slice.max].path, f"{place}: at most {slice.max} expected, {count} found", "slicing"
        )


def _accepts(slice: Element, discriminator: Discriminator, item: Item, check: Check, content: Content) -> bool:
    if _is_url_of_extension(discriminator, item, slice):
        return _has_url(item, slice)
    side = _led(discriminator, slice, item, check)
    if discriminator.type == "exists":
        return _accepts_existence(side)
    if discriminator.type == "type":
        return _accepts_type(side)
    return _accepts_content(side, content)


def _led(discriminator: Discriminator, slice: Element, item: Item, check: Check) -> _Side:
    side = _Side((slice,), ((item, check),))
    for step in _STEP.findall(discriminator.path):
        if step != "$this":
            side = _stepped(side, step)
    return side


def _is_url_of_extension(discriminator: Discriminator, item: Item, slice: Element) -> bool:
    """By far the most common slicing, answered without a look into the definition of the extension."""
    return discriminator.path == "url" and item.type == "Extension" and any(type.profiles for type in slice.types)


def _has_url(item: Item, slice: Element) -> bool:
    url = item.value.get("url") if isinstance(item.value, dict) else None
    return any(profile.partition("|")[0] == url for type in slice.types for profile in type.profiles)


def _accepts_existence(side: _Side) -> bool:
    """A slice that forbids the element takes items without it; one that demands it, items with it."""
    if any(element.max == 0 for element in side.elements):
        return not side.items
    if any(element.min > 0 for element in side.elements):
        return bool(side.items)
    return True


def _accepts_type(side: _Side) -> bool:
    types = [type for element in side.elements for type in element.types]
    if not types:
        return True
    return any(_is_of_type(item, types, check) for item, check in side.items)


def _is_of_type(item: Item, types: list[TypeRule], check: Check) -> bool:
    return any(check.library.types.is_a(item.type, type.code) for type in types)


def _accepts_content(side: _Side, content: Content) -> bool:
    """Whether something at the end of the path meets all that is said there; what says nothing takes all."""
    if not side.elements:
        return True
    if all(element.max == 0 for element in side.elements):
        return not side.items
    return any(all(_is_fine(element, item, check, content) for element in side.elements) for item, check in side.items)


def _is_fine(element: Element, item: Item, check: Check, content: Content) -> bool:
    return check.would_hold(lambda aside: content(element, item, aside))


def _stepped(side: _Side, step: str) -> _Side:
    """Both sides one step further along the path of a discriminator."""
    if step == "resolve()":
        return _resolved(side)
    if step.startswith("ofType("):
        return _of_type(side, step[7:-1])
    url = step[len("extension(") : -1].strip("'\"") if step.startswith("extension(") else ""
    name = "extension" if url else step
    items = [
        (child, check)
        for item, check in side.items
        for child in children_of(item, _named(side, name, item, check), check.library)
        if not url or (isinstance(child.value, dict) and child.value.get("url") == url)
    ]
    checks = [check for _, check in side.items]
    elements = [found for element in side.elements for found in _below(element, name, url, checks)]
    return _Side(tuple(elements), tuple(items))


def _named(side: _Side, name: str, item: Item, check: Check) -> Element:
    """The element by which to find items: the slice's own, the type's, or one made up for its name."""
    for element in side.elements:
        if name in element.children:
            return element.children[name]
    node = check.library.node(item.type)
    return (node.elements.get(name) if node else None) or Element(id=name, name=name)


def _below(element: Element, name: str, url: str, checks: list[Check]) -> list[Element]:
    """What an element says of a child: itself, in slices that must occur, or by the profile of its type."""
    child = element.children.get(name)
    if child is not None and url:
        return [slice for slice in child.slices if any(url in type.profiles for type in slice.types)]
    if child is not None:
        needed = [slice for slice in child.slices if slice.min > 0 and not _says(child)]
        return needed or [child]
    schemas = [checks[0].library.find_schema(one) for type in element.types for one in type.profiles] if checks else []
    return [found for schema in schemas if schema for found in _below(schema.root, name, url, checks)]


def _says(element: Element) -> bool:
    return bool(element.required or element.children or element.binding)


def _of_type(side: _Side, type: str) -> _Side:
    items = tuple((item, check) for item, check in side.items if item.type == type)
    elements = [
        next((slice for slice in element.slices if any(one.code == type for one in slice.types)), element)
        for element in side.elements
    ]
    return _Side(tuple(elements), items)


def _resolved(side: _Side) -> _Side:
    """References replaced by what they mean, on the side of the definition by the profiles that they may point at."""
    items: list[tuple[Item, Check]] = []
    for item, check in side.items:
        text = item.value.get("reference") if isinstance(item.value, dict) else None
        target = resolve(text, check.scope, check).scope if isinstance(text, str) else None
        if target is not None:
            items.append((_resource_item(target), check.within(target)))
    elements = [_target_element(element) for element in side.elements if any(type.targets for type in element.types)]
    return _Side(tuple(elements), tuple(items))


def _resource_item(scope: Scope) -> Item:
    return Item(scope.resource, None, str(scope.resource.get("resourceType", "")), scope.path)


def _target_element(element: Element) -> Element:
    """What a Reference says of its target, as an element: a type for each profile it may point at."""
    targets = [target for type in element.types for target in type.targets]
    core = "http://hl7.org/fhir/StructureDefinition/"
    types = tuple(
        TypeRule(target.removeprefix(core)) if target.startswith(core) else TypeRule("Resource", profiles=(target,))
        for target in targets
    )
    return Element(id=element.id, name=element.name, types=types)
