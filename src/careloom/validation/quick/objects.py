"""The code that judges an object where it stands in another: in place for the shapes met there, else by a call."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from careloom.validation.bindings import CODED
from careloom.validation.quick import asking, codes
from careloom.validation.quick.memos import can_tell, in_force
from careloom.validation.quick.possible import is_possible
from careloom.validation.quick.shapes import Keys
from careloom.validation.quick.writing import Place, taken, unpacked
from careloom.validation.schema import Node, Property

if TYPE_CHECKING:
    from careloom.validation.quick.bodies import Body

RESOURCES = ("Resource", "DomainResource")
MOST_FORMS = 2
"""Shapes that are judged in place where one object stands, besides the plainest of a Reference."""

MOST_LEVELS = 5
LONGEST = 250
"""Levels of objects that one function judges, and lines after which it takes in no more of them."""

PLAIN_REFERENCE = ("reference",)

Forms = list[tuple[Keys, Any]]
"""Shapes, each with an object that has it."""


def write_object(body: "Body", place: Place, known: Property, samples: Iterable[Any], sign: str = "") -> None:
    """Write the judges of an object for the shapes that have been met in its place, then the call for any other.

    Args:
        body: What holds the object.
        place: Where it stands.
        known: The property whose value, or one of whose values, it is.
        samples: Objects that stood in this place.
        sign: What goes before the expression for the signature of the object, to keep it; empty where none is wanted.
    """
    recurs, type = may_recur(body, known), known.type.code
    if recurs:
        body.source.refuse_if(f"{body.memos.asked(asking.is_deep)}({place.path})", place.depth)
    if type in RESOURCES:
        body.source.require(f"{body.judges.inner}({place.value}, {place.path}, c)", place.depth)
        return
    bound = ""
    if known.element.binding and can_tell(known.element.binding):
        bound = body.memos.of(codes.BoundConcepts, type, known.element.binding)
    word, depth = "if", place.depth
    for keys, sample in [] if recurs else _forms(body, known, samples):
        _write_form(body, place, known, (keys, sample), word=word, bound=bound, sign=sign)
        word = "elif"
    if word == "elif":
        body.source.add("else:", depth)
        depth += 1
    _write_call(body, Place(place.value, place.path, depth), known, bound)
    if sign:
        body.source.add(_signing(sign, "None"), depth)


def may_recur(body: "Body", known: Property) -> bool:
    """Whether a property may hold, further down, objects of this very type: all that can nest without end."""
    code, name = known.type.code, body.node.name
    is_repeated = "." in code and code != f"{name}.{known.element.name}"
    return is_repeated or code in RESOURCES or name == "Extension" or (name, code) == ("Identifier", "Reference")


def _forms(body: "Body", known: Property, samples: Iterable[Any]) -> Forms:
    node = body.judges.library.node(known.type.code)
    if node is None or body.level >= MOST_LEVELS or len(body.source.lines) > LONGEST:
        return []
    met = {tuple(sample): sample for sample in samples if isinstance(sample, dict)}
    found = [(keys, sample) for keys, sample in met.items() if is_possible(node, keys)][:MOST_FORMS]
    if found and _is_pointing(known) and PLAIN_REFERENCE not in met:
        found.append((PLAIN_REFERENCE, {}))
    return found


def _write_form(
    body: "Body", place: Place, known: Property, form: tuple[Keys, Any], *, word: str, bound: str, sign: str
) -> None:
    keys, sample = form
    source, node = body.source, body.judges.library.node(known.type.code)
    assert node is not None
    depth = place.depth + 1
    is_plain = keys == PLAIN_REFERENCE and _is_pointing(known)
    inner = body.nested(node, keys, Place(place.value, place.path, depth + is_plain), bound, _parts(keys, sign))
    if _is_ordered(node, keys):
        source.add(f"{word} tuple({place.value}) == {keys!r}:", place.depth)
        source.add(unpacked(inner.variables, place.value), depth)
    else:
        source.add(f"{word} {_has_just(keys, place.value)}:", place.depth)
        source.add(taken(inner.variables, place.value), depth)
    if is_plain:
        memo = body.memos.plain_references((known.type,))
        is_known = f"c.is_alone and {inner.variables['reference']} in {memo}"
        source.add(f"if not ({is_known}) and not {memo}.is_plain({place.value}, c):", depth)
    inner.write(sample)
    if known.type.targets and "reference" in keys:
        body.memos.write_targets(source, (known.type,), place.value, place.path, inner.place.depth)
    _write_added(body, inner.place, known, keys)
    if sign:
        signature = inner.own_signature()
        source.add(_signing(sign, f"({body.memos.number_of(keys)}, {signature})" if signature else "None"), depth)


def _write_call(body: "Body", place: Place, known: Property, bound: str) -> None:
    """Write what judges an object of any shape."""
    shapes = body.memos.names.of(body.judges.of(known.type.code))
    body.source.require(f"{shapes}[tuple({place.value})]({place.value}, {place.path}, c)", place.depth)
    if bound:
        body.source.require(f"{bound}.is_fine({place.value}, {place.path}, c)", place.depth)
    if known.type.targets:
        body.memos.write_targets(body.source, (known.type,), place.value, place.path, place.depth)
    _write_added(body, place, known, ())


def _write_added(body: "Body", place: Place, known: Property, keys: Keys) -> None:
    """Write what is said at a place beyond the type, for a shape or, where there are no keys, for any."""
    type, element, overlays = known.type.code, known.element, body.judges.overlays
    for canonical in known.type.profiles if type != "Extension" else ():
        schema = body.judges.library.find_schema(canonical)
        if schema is not None and not (keys and overlays.says_nothing(schema, type, keys)):
            name = body.memos.names.of(overlays.schema(schema, type))
            body.source.require(f"{name}({place.value}, {place.path}, c)", place.depth)
    node = body.judges.library.node(type)
    known_already = {(one.key, one.expression) for one in node.constraints} if node else set()
    added = [one for one in element.constraints if (one.key, one.expression) not in known_already]
    body.write_constraints(added, place, type)


def _is_pointing(known: Property) -> bool:
    """Whether nothing but its target is said of a Reference in a place."""
    says_more = known.type.profiles or known.element.binding or list(in_force(known.element.constraints))
    return known.type.code == "Reference" and bool(known.type.targets) and not says_more


def _is_ordered(node: Node, keys: Keys) -> bool:
    """Whether the order of the keys may show in the order of what is told."""
    telling = [key for key in keys if key not in node.properties or _may_tell(node.properties[key])]
    return len(telling) > 1


def _may_tell(known: Property) -> bool:
    return not known.is_primitive or (known.type.code in CODED and can_tell(known.element.binding))


def _has_just(keys: Keys, value: str) -> str:
    """A condition that is true of an object which has these keys alone, in whatever order."""
    return f"len({value}) == {len(keys)} and " + " and ".join(f"{key!r} in {value}" for key in keys)


def _parts(keys: Keys, sign: str) -> frozenset[str]:
    return frozenset(keys) if sign else frozenset()


def _signing(sign: str, signature: str) -> str:
    return f"{sign}({signature},)" if sign.endswith("+= ") else f"{sign}{signature}"
