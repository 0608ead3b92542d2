"""Slices told apart by values: which slice an item of a list belongs to, and what then holds, as generated code.

It is written for slices whose discriminators lead, step by step, to elements that say fixed values, patterns and counts
alone. There the interpreter's question "is it fine in silence?" has no answer between yes and no, and the function of
the element gives the same. The address of an extension is compared as it is.
"""

from typing import TYPE_CHECKING

from careloom.model import trimmed
from careloom.validation.nodes import is_primitive
from careloom.validation.quick.formats import ROOM
from careloom.validation.quick.recurrent import TYPES as RECURRENT_TYPES
from careloom.validation.quick.writing import Source
from careloom.validation.schema import Discriminator, Element

if TYPE_CHECKING:
    from careloom.validation.quick.overlays import Overlays

DEFAULT = "@default"
"""Name of the slice that takes what no other does."""


def write_slices(source: Source, whole: Element, type: str, overlays: "Overlays", depth: int) -> bool:
    """Write what sorts the items of ``a`` into slices and judges them; False when the interpreter must.

    The code stands where ``a`` is the list, ``q`` its path and ``u`` the check.
    """
    slicing = whole.slicing
    if slicing is None or slicing.rules == "openAtEnd" or slicing.is_ordered or not slicing.discriminators:
        return False
    if any(slice.slice_name == DEFAULT or slice.slicing or slice.slices for slice in whole.slices):
        return False
    tests = [[_acceptance(slice, one, type, overlays) for one in slicing.discriminators] for slice in whole.slices]
    if any(test is None for slice in tests for test in slice):
        return False
    _write_homes(source, _Sorting(whole, type, [[test for test in slice if test] for slice in tests], overlays), depth)
    for index, slice in enumerate(whole.slices):
        _write_slice(source, index, slice, type, overlays, depth=depth)
    return True


def is_by_type(whole: Element) -> bool:
    """Whether a choice is sliced by type alone, each slice saying its types."""
    slicing = whole.slicing
    assert slicing is not None
    if slicing.is_ordered or slicing.rules == "openAtEnd":
        return False
    if any(one.type != "type" or one.path != "$this" for one in slicing.discriminators):
        return False
    return all(one.types and one.slice_name != DEFAULT and not one.slicing for one in whole.slices)


class Homes(dict[bytes, int]):
    """Which slice an item belongs to, by the text of what the slices are told apart by."""

    def __init__(self, whole: str) -> None:
        super().__init__()

    def learn(self, text: bytes, slice: int) -> None:
        """Remember one."""
        if len(self) >= ROOM:
            self.clear()
        self[trimmed(text)] = slice


class _Sorting:
    """How items are sorted into slices.

    Attributes:
        whole: What is sliced.
        tests: Conditions on an item ``y``, of each slice.
        text: Expression for the text of all that the conditions look at, where it comes again and again; else empty.
        homes: Name of what remembers them.
    """

    def __init__(self, whole: Element, type: str, tests: list[list[str]], overlays: "Overlays") -> None:
        self.whole = whole
        self.tests = tests
        part = _part_looked_at(whole, type, overlays)
        self.text = overlays.memos.text_of(part) if part else ""
        self.homes = overlays.memos.of(Homes, overlays.memos.names.of(whole)) if part else ""


def _part_looked_at(whole: Element, type: str, overlays: "Overlays") -> str:
    """Expression for the one part of an item that all discriminators look at; empty where it does not recur."""
    if type in RECURRENT_TYPES:
        return "y"
    assert whole.slicing is not None
    first = {one.path.partition(".")[0] for one in whole.slicing.discriminators}
    node = overlays.library.node(type)
    base = node.elements.get(next(iter(first))) if node and len(first) == 1 else None
    if base is None or base.is_choice or base.types[0].code not in RECURRENT_TYPES:
        return ""
    return f"y.get({base.name!r})"


def _write_homes(source: Source, sorting: _Sorting, depth: int) -> None:
    """Write the list ``h`` of slice numbers, -1 for none; what fits two slices is looked at more closely."""
    source.add("h = []", depth)
    source.add("for y in a:", depth)
    inner = depth + 1
    if sorting.text:
        source.add(f"k = {sorting.homes}.get(t := {sorting.text})", depth + 1)
        source.add("if k is None:", depth + 1)
        inner = depth + 2
    source.add("k = -1", inner)
    for index, test in enumerate(sorting.tests):
        source.add(f"if {' and '.join(test)}:", inner)
        if index:
            source.refuse_if("k >= 0", inner + 1)
        source.add(f"k = {index}", inner + 1)
    if sorting.text:
        source.add(f"{sorting.homes}.learn(t, k)", inner)
    if sorting.whole.slicing and sorting.whole.slicing.rules == "closed":
        source.refuse_if("k < 0", depth + 1)
    source.add("h.append(k)", depth + 1)


def _write_slice(source: Source, index: int, slice: Element, type: str, overlays: "Overlays", *, depth: int) -> None:
    """Write how many items a slice may have, and what holds of each."""
    if slice.min > 0:
        source.refuse_if(f"h.count({index}) < {slice.min}", depth)
    if slice.max is not None:
        source.refuse_if(f"h.count({index}) > {slice.max}", depth)
    if condition := overlays.judged(slice, type, "y", "(q, i)", "u"):
        source.add("for i, k in enumerate(h):", depth)
        source.add(f"if k == {index}:", depth + 1)
        source.add("y = a[i]", depth + 2)
        source.require(condition, depth + 2)


def _acceptance(slice: Element, discriminator: Discriminator, type: str, overlays: "Overlays") -> str | None:
    """A condition on ``y`` that is true where a discriminator accepts it for a slice; None for "ask"."""
    if type == "Extension" and discriminator.path == "url" and any(rule.profiles for rule in slice.types):
        urls = {profile.partition("|")[0] for rule in slice.types for profile in rule.profiles}
        return f"(y.get('url') in {overlays.memos.names.of(frozenset(urls))})"
    if discriminator.type not in ("value", "pattern"):
        return None
    steps = [step for step in discriminator.path.split(".") if step != "$this"]
    if not all(step.isidentifier() for step in steps):
        return None
    return _led([slice], steps, type, overlays, value="y", level=0)


def _led(  # noqa: PLR0911 - one return for each form that a step takes
    elements: list[Element], steps: list[str], type: str, overlays: "Overlays", *, value: str, level: int
) -> str | None:
    """Whether something at the end of the steps meets all that is said there."""
    if not steps:
        if not elements or not all(element.max != 0 and is_plain(element) for element in elements):
            return None
        return "(" + " and ".join(overlays.content(element, type, value, "p", "None") for element in elements) + ")"
    step = steps[0]
    node = overlays.library.node(type)
    base = node.elements.get(step) if node else None
    if base is None or base.is_choice or len(base.types) != 1 or any(step not in one.children for one in elements):
        return None
    code, inner = base.types[0].code, f"y{level}"
    below = [found for element in elements for found in _below(element.children[step])]
    text = only_text(below[0]) if len(steps) == len(below) == 1 and is_primitive(code) and not base.is_list else None
    if text is not None:
        beside = f"'_{step}' in {value} and {overlays.memos.asked(look_closer)}()"
        return f"({value}.get({step!r}) == {text!r} or {beside})"
    rest = _led(below, steps[1:], code, overlays, value=inner, level=level + 1)
    if rest is None or (is_primitive(code) and base.is_list):
        return None
    if is_primitive(code):
        beside = f"'_{step}' in {value} and {overlays.memos.asked(look_closer)}()"
        return f"({beside} or any([{rest} for {inner} in ({value}.get({step!r}),) if {inner} is not None]))"
    if base.is_list:
        return f"any([{rest} for {inner} in {value}.get({step!r}, ())])"
    return f"any([{rest} for {inner} in ({value}.get({step!r}),) if {inner} is not None])"


def _below(child: Element) -> list[Element]:
    """What counts of a child that has slices itself: those that must occur, unless it says something by itself."""
    says = child.required or child.children or child.binding
    return [slice for slice in child.slices if slice.min > 0 and not says] or [child]


def only_text(element: Element) -> str | None:
    """The text that an element says, if that is all it says of one occurrence."""
    if len(element.required) != 1 or element.types or element.children or element.max == 0 or not is_plain(element):
        return None
    text = element.required[0].value
    return text if isinstance(text, str) else None


def is_plain(element: Element) -> bool:
    """Whether an element says fixed values, patterns and counts alone, all the way down."""
    says_more = (
        element.types and any(rule.profiles or rule.targets for rule in element.types),
        element.limits,
        element.max_length is not None,
        element.must_have_value,
        element.binding,
        element.constraints,
        element.slicing,
        element.slices,
        element.narrative_language or element.narrative_source,
    )
    return not any(says_more) and all(map(is_plain, element.children.values()))


def look_closer() -> bool:
    """Leave a case to the interpreter that generated code does not cover."""
    raise NotImplementedError("a primitive with siblings, by which slices are told apart")
