"""What a profile says, checked on an item and on what lies below it.

The walk is driven by the profile: it goes only where the schema has something to say. What the type says has
been checked before, see `careloom.validation.structure`.
"""

from careloom.validation.bindings import check_binding
from careloom.validation.context import Check, Item
from careloom.validation.invariants import check_constraints
from careloom.validation.items import children_of
from careloom.validation.limits import check_length, check_limits
from careloom.validation.narrative import check_narrative_controls
from careloom.validation.nodes import is_primitive
from careloom.validation.references import check_targets
from careloom.validation.schema import Element, Schema, TypeRule
from careloom.validation.slicing import check_slices
from careloom.validation.values import check_required


def check_schema(item: Item, schema: Schema, check: Check) -> None:
    """Check an item by all that a profile says beyond its type, once the type is the one it is about."""
    check = check.under(schema.canonical)
    is_whole = "." not in schema.root.id
    if is_whole and not check.library.types.is_a(item.type, schema.type):
        check.error("structure", item.path, f"{schema.type} expected, {item.type} found", "type")
        return
    check_content(schema.root, item, check)


def check_content(element: Element, item: Item, check: Check) -> None:
    """Check one occurrence of an element by what is said about the element, and everything below it."""
    if item.value is not None and not is_primitive(item.type) and not isinstance(item.value, dict):
        return  # not an object, as its type has been found to say already
    if element.types and not _fitting(element.types, item, check):
        expected = ", ".join(dict.fromkeys(type.code for type in element.types))
        check.error("structure", item.path, f"{expected} expected, {item.type} found", "type")
        return
    if item.value is not None:
        _check_value(element, item, check)
    elif element.must_have_value:
        check.error("structure", item.path, "a value expected, only extensions found", "must-have-value")
    if element.constraints:
        check_constraints(element.constraints, item, check)
    if isinstance(item.value, dict) and "resourceType" in item.value and item.value is not check.scope.resource:
        check = check.within(check.scope.inner(item.value, item.path))
    if element.types:
        _check_types(element.types, item, check)
    for child in element.children.values():
        check_child(child, item, check)


def check_child(element: Element, parent: Item, check: Check) -> None:
    """Check all occurrences of a child element: how many, which slices, and each by itself."""
    items = children_of(parent, element, check.library)
    _check_count(element, items, parent, check)
    for item in items:
        check_content(element, item, check)
    if element.slicing:
        check_slices(element, items, parent, check, check_content)


def _check_count(element: Element, items: list[Item], parent: Item, check: Check) -> None:
    count = len(items)
    if count < element.min:
        check.error(
            "structure", (parent.path, element.name), f"at least {element.min} expected, {count} found", "cardinality"
        )
    elif element.max is not None and count > element.max:
        path = items[element.max].path
        check.error("structure", path, f"at most {element.max} expected, {count} found", "cardinality")


def _check_value(element: Element, item: Item, check: Check) -> None:
    if element.required:
        check_required(item, element.required, check)
    if element.limits:
        check_limits(item, element.limits, check)
    if element.max_length is not None:
        check_length(item, element.max_length, check)
    if element.binding:
        check_binding(item, element.binding, check)
    if element.narrative_language or element.narrative_source:
        check_narrative_controls(item, element.narrative_language, element.narrative_source, check)


def _check_types(types: tuple[TypeRule, ...], item: Item, check: Check) -> None:
    fitting = _fitting(types, item, check)
    if any(type.targets for type in fitting):
        check_targets(item, fitting, check)
    if all(type.profiles for type in fitting):
        _check_profiles([profile for type in fitting for profile in type.profiles], item, check)


def _fitting(types: tuple[TypeRule, ...], item: Item, check: Check) -> tuple[TypeRule, ...]:
    return tuple(type for type in types if _is_of(item, type, check))


def _is_of(item: Item, type: TypeRule, check: Check) -> bool:
    return item.type == type.code or "." in type.code or check.library.types.is_a(item.type, type.code)


def _check_profiles(profiles: list[str], item: Item, check: Check) -> None:
    """One of the profiles must hold; with only one, its own issues are told."""
    if item.type == "Extension" and _is_defined_by(item, profiles):
        return  # judged by its definition already, as every extension is
    schemas = [schema for schema in map(check.library.find_schema, profiles) if schema]
    if len(schemas) < len(profiles):
        missing = ", ".join(one for one in profiles if not check.library.find_schema(one))
        check.error("structure", item.path, f"the profile {missing} is not in the loaded definitions", "profile")
        return
    if len(schemas) == 1:
        check_schema(item, schemas[0], check)
    elif not any(_holds(item, schema, check) for schema in schemas):
        check.error(
            "structure", item.path, f"one of the profiles {', '.join(profiles)} expected, none holds", "profile"
        )


def _is_defined_by(item: Item, profiles: list[str]) -> bool:
    url = item.value.get("url") if isinstance(item.value, dict) else None
    return [profile.partition("|")[0] for profile in profiles] == [url]


def _holds(item: Item, schema: Schema, check: Check) -> bool:
    return check.would_hold(lambda aside: check_schema(item, schema, aside))
