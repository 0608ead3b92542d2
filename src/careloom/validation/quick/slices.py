"""Slices told apart by values: which slice an item of a list belongs to, and what then holds, as generated code.

It is written for slices whose discriminators lead, step by step, to elements that say fixed values, patterns and counts
alone. There the interpreter's question "is it fine in silence?" has no answer between yes and no, and the function of
the element gives the same. The address of an extension is compared as it is.
"""

from typing import TYPE_CHECKING

from careloom.validation.nodes import is_primitive
from careloom.validation.quick.writing import Source
from careloom.validation.schema import Discriminator, Element

if TYPE_CHECKING:
    from careloom.validation.quick.overlays import Overlays

DEFAULT = "@default"
"""Name of the slice that takes what no other does."""


def write_slices(source: Source, whole: Element, type: str, overlays: "Overlays", depth: int) -> bool:
    """Write what sorts the items of ``a`` into slices and judges them; False when the interpreter must.

    The code stands where ``a`` is the list, ``q`` its path and ``c`` the check.
    """
    slicing = whole.slicing
    if slicing is None or slicing.rules == "openAtEnd" or slicing.is_ordered or not slicing.discriminators:
        return False
    if any(slice.slice_name == DEFAULT or slice.slicing or slice.slices for slice in whole.slices):
        return False
    tests = [[_acceptance(slice, one, type, overlays) for one in slicing.discriminators] for slice in whole.slices]
    if any(test is None for slice in tests for test in slice):
        return False
    _write_homes(source, [[test for test in slice if test] for slice in tests], slicing.rules == "closed", depth)
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


def _write_homes(source: Source, tests: list[list[str]], is_closed: bool, depth: int) -> None:
    """Write the list ``h`` of slice numbers, -1 for none; what fits two slices is looked at more closely."""
    source.add("h = []", depth)
    source.add("for y in a:", depth)
    source.add("k = -1", depth + 1)
    for index, test in enumerate(tests):
        source.add(f"if {' and '.join(test)}:", depth + 1)
        if index:
            source.refuse_if("k >= 0", depth + 2)
        source.add(f"k = {index}", depth + 2)
    if is_closed:
        source.refuse_if("k < 0", depth + 1)
    source.add("h.append(k)", depth + 1)


def _write_slice(source: Source, index: int, slice: Element, type: str, overlays: "Overlays", *, depth: int) -> None:
    """Write how many items a slice may have, and what holds of each."""
    if slice.min > 0:
        source.refuse_if(f"h.count({index}) < {slice.min}", depth)
    if slice.max is not None:
        source.refuse_if(f"h.count({index}) > {slice.max}", depth)
    if condition := overlays.judged(slice, type, "y", "(q, i)"):
        source.add("for i, y in enumerate(a):", depth)
        source.refuse_if(f"h[i] == {index} and not {condition}", depth + 1)


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
        return "(" + " and ".join(f"{overlays.content(element, type)}({value}, p, None)" for element in elements) + ")"
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
