"""Whether a StructureDefinition is shaped well enough to work with, so that what follows need not ask.

Only what the generator looks at is checked here; the rest of a definition is for the validator.
"""

from collections.abc import Callable, Iterator
from typing import Any

from careloom.definitions.snapshot.tree import Element
from careloom.model import Resource
from careloom.model.errors import DefinitionError

Shape = Callable[[Any], bool]


def differential_of(definition: Resource) -> list[Element]:
    """The elements of the differential.

    Raises:
        DefinitionError: The definition has no url or type, no differential, or an element of it is no
            ElementDefinition, or is not below the root; names the element.
    """
    url = _url(definition)
    if not isinstance(definition.get("baseDefinition", ""), str):
        raise DefinitionError("baseDefinition: text expected", url=url)
    differential = definition.get("differential")
    elements = differential.get("element") if isinstance(differential, dict) else None
    if not isinstance(elements, list):
        raise DefinitionError("neither snapshot nor differential, at least one expected", url=url)
    for place, element in enumerate(elements):
        for fault in _faults(element, definition["type"].rpartition("/")[2]):
            raise DefinitionError(fault, url=url, element=_name(element, place))
    return elements


def check_snapshot(definition: Resource) -> None:
    """Refuse a definition that comes with a snapshot that cannot be worked with.

    Raises:
        DefinitionError: An element is no ElementDefinition, or has no cardinality; names it.
    """
    url = _url(definition)
    for place, element in enumerate(definition["snapshot"]["element"]):
        for fault in (*_faults(element, definition["type"].rpartition("/")[2]), *_gaps(element)):
            raise DefinitionError(fault, url=url, element=_name(element, place))


def _url(definition: Resource) -> str:
    url = definition.get("url")
    if not isinstance(url, str) or not isinstance(definition.get("type"), str):
        raise DefinitionError("a StructureDefinition has a url and a type", url=str(url or definition.get("id", "")))
    return url


def _gaps(element: Element) -> Iterator[str]:
    return (f"{key}: expected in a snapshot" for key in ("min", "max") if key not in element)


def _name(element: Any, place: int) -> str:
    name = element.get("id") or element.get("path") if isinstance(element, dict) else None
    return str(name or f"number {place + 1}")


def _faults(element: Any, type_name: str) -> Iterator[str]:
    path = element.get("path") if isinstance(element, dict) else None
    if not isinstance(path, str):
        yield "path: text expected, found none"
        return
    if path.partition(".")[0] != type_name:
        yield f"path: {type_name} expected at its beginning, found {path}"
    for key, (is_fine, expected) in _SHAPES.items():
        if key in element and not is_fine(element[key]):
            yield f"{key}: {expected} expected, found {element[key]!r}"


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _limit(value: Any) -> bool:
    return isinstance(value, str) and (value == "*" or (value.isascii() and value.isdigit()))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _object(**members: Shape) -> Shape:
    """An object whose members, where they are, have these shapes."""

    def is_fine(value: Any) -> bool:
        return isinstance(value, dict) and all(shape(value[key]) for key, shape in members.items() if key in value)

    return is_fine


def _objects(*required: str, **members: Shape) -> Shape:
    """An array of objects that have some members, and whose members have these shapes."""
    is_object = _object(**members)

    def is_fine(value: Any) -> bool:
        return isinstance(value, list) and all(
            is_object(item) and all(key in item for key in required) for item in value
        )

    return is_fine


_SHAPES: dict[str, tuple[Shape, str]] = {
    "id": (_text, "text"),
    "sliceName": (_text, "text"),
    "definition": (_text, "text"),
    "comment": (_text, "text"),
    "requirements": (_text, "text"),
    "contentReference": (_text, "text"),
    "min": (_count, "a number from 0"),
    "max": (_limit, "a number or * as text"),
    "alias": (_texts, "an array of texts"),
    "condition": (_texts, "an array of texts"),
    "type": (_objects("code", code=_text, profile=_texts, targetProfile=_texts), "an array of types, each with a code"),
    "slicing": (_object(rules=_text), "an object"),
    "binding": (_object(strength=_text, valueSet=_text), "an object"),
    "constraint": (_objects("key", key=_text), "an array of invariants, each with a key"),
    "mapping": (_objects(identity=_text, map=_text), "an array of objects"),
    "example": (_objects(label=_text), "an array of objects"),
}
