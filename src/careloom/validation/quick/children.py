"""The code of what a profile says of the children of an element: how many, of which types, and what each must be."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from careloom.validation.nodes import choice_key, is_primitive
from careloom.validation.quick import asking, codes
from careloom.validation.quick.settled import CONCEPTS
from careloom.validation.quick.slices import DEFAULT, is_by_type, write_slices
from careloom.validation.quick.writing import Source
from careloom.validation.schema import Element, TypeRule

if TYPE_CHECKING:
    from careloom.validation.quick.requirements import Requirements


def write_child(whole: "Requirements", child: Element) -> None:
    """Write what is said of a child, under the one key that it can have, or for a choice whichever it has."""
    base = whole.node.elements.get(child.name) if whole.node else None
    if is_primitive(whole.type):
        _write_absent(whole, child)
        return
    if base is None:
        _write_question(whole, child)
        return
    keys = dict(_keys(base, child))
    if any(f"_{key}" in whole.keys and is_primitive(type) for key, type in keys.items()):
        _write_question(whole, child)
        return
    here = {key: type for key, type in keys.items() if key in whole.keys}
    if base.is_choice and child.slicing and not is_by_type(child):
        _write_question(whole, child)
    elif not here:
        _write_absent(whole, child)
    else:
        ((key, type),) = here.items()
        write = _write_choice if base.is_choice else _write_list if base.is_list else _write_one
        _write_unless_settled(whole, child, key, type, write)


_Write = Callable[["Requirements", Element, str, str, int], None]
"""Writes what is said of a child under a key, of a type, so deep in the function."""


def _write_unless_settled(whole: "Requirements", child: Element, key: str, type: str, write: _Write) -> None:
    """Write the checks, to be passed over where the codes of the value are known to be what is wanted."""
    value_sets = whole.overlays.settling.by_codes(child, type)
    known_by = _codes(whole, key, type) if value_sets is not None else ""
    if not known_by:
        write(whole, child, key, type, 1)
        return
    memos = whole.overlays.memos
    memo = memos.of(codes.Settled, memos.names.of(child), key, value_sets)
    whole.source.add(f"if {known_by} not in {memo}:")
    write(whole, child, key, type, 2)
    whole.source.add(f"{memo}.settle({known_by}, c)", 2)


def _codes(whole: "Requirements", key: str, type: str) -> str:
    """The variable that holds what a value comes to in codes; empty where there is none."""
    if type not in CONCEPTS:
        return whole.signatures.get(key, "")
    if key not in whole.texts:
        whole.texts[key] = whole.source.variable()
        whole.source.add(f"{whole.texts[key]} = {whole.overlays.memos.text_of(whole.variables[key])}")
    return whole.texts[key]


def _write_absent(whole: "Requirements", child: Element) -> None:
    """Write that something is wrong where a child is absent that is needed."""
    needed = (slice for slice in child.slices if slice.min > 0) if child.slicing else ()
    if child.min > 0 or any(slice.slice_name != DEFAULT for slice in needed):
        whole.source.add("return False")


def _write_one(whole: "Requirements", child: Element, key: str, type: str, depth: int) -> None:
    place = (whole.variables[key], f"(p, {child.name!r})", whole.check(child))
    if child.max == 0:
        whole.source.add("return False", depth)
    elif child.slicing:
        _write_question(whole, child, depth)
    elif condition := whole.overlays.judged(child, type, *place):
        whole.source.require(condition, depth)


def _write_list(whole: "Requirements", child: Element, key: str, type: str, depth: int) -> None:
    source = whole.source
    source.add(f"a, q, u = {whole.variables[key]}, (p, {child.name!r}), {whole.check(child)}", depth)
    lines = Source()
    if child.slicing and not write_slices(lines, child, type, whole.overlays, depth):
        _write_question(whole, child, depth)
        return
    bounds = [f"len(a) < {child.min}"] * (child.min > 0)
    bounds += [f"len(a) > {child.max}"] * (child.max is not None)
    if bounds:
        source.refuse_if(" or ".join(bounds), depth)
    if condition := whole.overlays.judged(child, type, "y", "(q, i)", "u"):
        source.add("for i, y in enumerate(a):", depth)
        source.require(condition, depth + 1)
    source.lines.extend(lines.lines)


def _write_choice(whole: "Requirements", child: Element, key: str, type: str, depth: int) -> None:
    """Write the checks of the value of a choice, and of what the slice for its type says."""
    if child.max == 0 or (child.types and not _is_of_any(whole, type, child.types)):
        whole.source.add("return False", depth)
        return
    place = (whole.variables[key], f"(p, {child.name!r})", whole.check(child))
    if condition := whole.overlays.judged(child, type, *place):
        whole.source.require(condition, depth)
    if child.slicing is None:
        return
    home = next((slice for slice in child.slices if _is_of_any(whole, type, slice.types)), None)
    is_lacking = any(slice.min > 0 and slice is not home for slice in child.slices)
    is_barred = child.slicing.rules == "closed" if home is None else home.max == 0
    if is_lacking or is_barred:
        whole.source.add("return False", depth)
    elif home is not None and (condition := whole.overlays.judged(home, type, *place)):
        whole.source.require(condition, depth)


def _write_question(whole: "Requirements", child: Element, depth: int = 1) -> None:
    """Leave a child to the interpreter."""
    memos = whole.overlays.memos
    ask, name = memos.asked(asking.child_is_fine), memos.names.of(child)
    whole.source.require(f"{ask}({name}, v, {whole.type!r}, p, {whole.check(child)})", depth)


def _is_of_any(whole: "Requirements", type: str, rules: tuple[TypeRule, ...]) -> bool:
    return any(whole.overlays.is_of(type, rule) for rule in rules)


def _keys(base: Element, child: Element) -> Iterator[tuple[str, str]]:
    """The JSON keys of an element, each with its type."""
    for type in base.types or child.types:
        yield (choice_key(base.name, type.code) if base.is_choice else base.name), type.code
