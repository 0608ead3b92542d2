"""The code that judges one property of an object: a primitive, an object, a list of them, or what recurs whole."""

from typing import TYPE_CHECKING, Any

from careloom.validation.bindings import CODED
from careloom.validation.quick import asking, codes
from careloom.validation.quick.formats import GUARDS, RECURRING_ID, TEXTS
from careloom.validation.quick.memos import can_tell, in_force, looks_around
from careloom.validation.quick.objects import RESOURCES, may_recur, write_object
from careloom.validation.quick.recurrent import TYPES as RECURRENT_TYPES
from careloom.validation.quick.recurrent import tell
from careloom.validation.quick.writing import Place, is_guarded
from careloom.validation.schema import Property

if TYPE_CHECKING:
    from careloom.validation.quick.bodies import Body


def write_property(body: "Body", key: str, known: Property, is_beside: bool, sample: Any) -> None:
    """Write the checks of a property.

    Args:
        body: The object.
        key: Under which the property stands.
        known: What it is.
        is_beside: Whether it is a primitive that has nothing but what stands beside it.
        sample: The value that the first object of the shape had.
    """
    value, sibling = body.variables[key], body.variables.get(f"_{key}", "None")
    path, name = body.place.path, body.memos.names.of(known)
    if is_beside or sibling != "None":
        body.refuse_if(f"{value if is_beside else sibling} is None")
    if is_beside:
        body.ask(asking.sibling_is_fine, value, name, path, "c")
    elif sibling != "None" or not _is_coverable(body, known):
        body.ask(asking.property_is_fine, value, sibling, name, path, "c")
    elif _recurs_whole(body, known):
        _write_recurrent(body, value, key, known)
    elif known.element.is_list:
        _write_list(body, key, known, sample)
    elif known.is_primitive:
        _write_primitive(body, value, known, f"({path}, {known.element.name!r})", 0)
    else:
        signature = _signature(body, key)
        place = Place(value, f"({path}, {known.element.name!r})", body.depth)
        write_object(body, place, known, [sample], f"{signature} = " if signature else "")


def _is_coverable(body: "Body", known: Property) -> bool:
    if known.is_primitive:
        return is_guarded(known)
    return known.type.code in RESOURCES or body.judges.library.node(known.type.code) is not None


def _recurs_whole(body: "Body", known: Property) -> bool:
    """Whether values in this place are remembered: they depend on nothing but themselves."""
    if body.is_apart or known.type.code not in RECURRENT_TYPES or may_recur(body, known) or known.type.profiles:
        return False
    return not any("%" in one.expression or looks_around(one) for one in in_force(known.element.constraints))


def _write_recurrent(body: "Body", value: str, key: str, known: Property) -> None:
    memo, notes = body.judges.recurrent(body.node, key, known), body.source.variable()
    path = body.place.path
    text = body.texts[key] = body.source.variable()
    is_had = body.level == 0 and body.node.name == "Observation" and key == "code"
    body.add(f"{text} = {'c.code or ' if is_had else ''}{body.memos.text_of(value)}")
    body.add(f"{notes} = {memo}.get({text})")
    body.add(f"if {notes} is None:")
    body.require(f"{memo}.meet({value}, {path}, c)", 1)
    is_new = f"{notes} and {notes}[0] not in c.told"
    body.add(f"elif {is_new}: {body.memos.asked(tell)}({notes}, {path}, c)")


def _write_list(body: "Body", key: str, known: Property, sample: Any) -> None:
    value = body.variables[key]
    body.refuse_if(f"{value}.__class__ is not list or not {value}")
    if known.element.max is not None:
        body.refuse_if(f"len({value}) > {known.element.max}")
    index, item = body.source.variable(), body.source.variable()
    path = f"(({body.place.path}, {known.element.name!r}), {index})"
    if known.is_primitive and _is_silent(known):
        body.add(f"for {item} in {value}:")
        _write_primitive(body, item, known, path, 1)
        return
    signature = "" if known.is_primitive else _signature(body, key)
    if signature:
        body.add(f"{signature} = ()")
    body.add(f"for {index}, {item} in enumerate({value}):")
    if known.is_primitive:
        _write_primitive(body, item, known, path, 1)
    else:
        samples = sample if isinstance(sample, list) else []
        place = Place(item, path, body.depth + 1)
        write_object(body, place, known, samples, f"{signature} += " if signature else "")


def _signature(body: "Body", key: str) -> str:
    """The variable for the signature of a property, if that is wanted."""
    if key not in body.signed:
        return ""
    return body.signatures.setdefault(key, body.source.variable())


def _is_silent(known: Property) -> bool:
    """Whether a primitive is judged by its guard alone, which needs no path."""
    return not _is_bound(known) and not list(in_force(known.element.constraints))


def _is_bound(known: Property) -> bool:
    return known.type.code in CODED and can_tell(known.element.binding)


def _write_primitive(body: "Body", value: str, known: Property, path: str, more: int) -> None:
    type, binding = known.type.code, known.element.binding
    if binding and _is_bound(known):
        memo = body.memos.of(codes.BoundCodes, type, binding)
        body.refuse_if(f"{value} not in {memo} and not {memo}.is_fine({value}, {path}, c)", more)
    elif type in TEXTS and not more:
        body.add_text(value)
    else:
        guard = RECURRING_ID if type == "id" and body.node.kind != "resource" else GUARDS[type]
        body.refuse_if(guard.format(value), more)
    body.write_constraints(known.element.constraints, Place(value, path, body.depth + more), type)
