"""FHIRPath Patch: add, insert, delete, replace and move, one after the other, all or none.

Source: FHIR R4, 3.1.0.6.2 FHIRPath Patch.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from careloom.definitions import TypeModel
from careloom.definitions.types import ElementInfo
from careloom.fhirpath import Budget
from careloom.model.errors import InvalidError, MalformedError, TooCostlyError
from careloom.model.resource import Resource, resource_type
from careloom.rest.patching.places import Path, Place, get, places
from careloom.rest.patching.values import key_of, value_of
from careloom.rest.patching.writing import drop, insert, is_there, put, remove

MOST_OPERATIONS: Final = 100

_STEPS: Final = 2_000_000
_SECONDS: Final = 5.0

Part = Mapping[str, Any]


def apply_fhirpath_patch(resource: Resource, parameters: Resource, types: TypeModel) -> Resource:
    """The resource as the operations leave it; it is itself not changed.

    Args:
        resource: What to change.
        parameters: Parameters with one ``operation`` for each change.
        types: Says where values may go.

    Raises:
        MalformedError: This is no patch: names the operation and what is missing or wrong in it.
        InvalidError: A path finds nothing, or more than one element, where it must find one; there is no such element;
            an index is out of bounds.
        TooCostlyError: More operations than are taken, or paths that take too long.
    """
    operations = [part for part in _parts(parameters, "parameter") if part.get("name") == "operation"]
    if resource_type(parameters) != "Parameters" or not operations:
        raise MalformedError("a FHIRPath Patch is Parameters with at least one parameter 'operation'")
    if len(operations) > MOST_OPERATIONS:
        raise TooCostlyError(f"a patch of at most {MOST_OPERATIONS} operations is taken, found {len(operations)}")
    patching = _Patching(deepcopy(resource), types)
    for number, operation in enumerate(operations):
        try:
            patching.apply({str(part.get("name")): part for part in _parts(operation, "part")})
        except (MalformedError, InvalidError) as error:
            raise type(error)(f"operation {number} of the patch: {error}") from error
    return patching.result()


class _Patching:
    """A resource while it is patched."""

    def __init__(self, resource: Resource, types: TypeModel) -> None:
        self.resource = resource
        self._types = types
        self._budget = Budget(_STEPS, _SECONDS)
        self._left: list[dict[str, Any]] = []

    def result(self) -> Resource:
        """The resource, without what operations have left empty: a later one may have put something there."""
        for holder in self._left:
            drop(self.resource, holder)
        return self.resource

    def apply(self, parts: Mapping[str, Part]) -> None:
        kind = _simple(parts, "type", str)
        if kind not in _OPERATIONS:
            raise MalformedError(f"type: one of {', '.join(_OPERATIONS)} expected, found {kind!r}")
        _OPERATIONS[kind](self, parts)

    def add(self, parts: Mapping[str, Part]) -> None:
        """Put a value at the end of what repeats, or where there is none."""
        holder, name = self._one(parts), _simple(parts, "name", str)
        element = self._element(holder, name)
        value = value_of(parts.get("value"), element, self._types)
        target = (*holder.path, key_of(element, value))
        if element.is_list:
            insert(self.resource, target, None, value)
            return
        taken = (*holder.path, name) if not element.is_choice else None
        variants = [(*holder.path, key) for key in _choice_keys(element)] if taken is None else [taken]
        if any(is_there(self.resource, each) for each in variants):
            raise InvalidError(f"{_told(holder.path)}.{name} is there already and does not repeat; replace it instead")
        put(self.resource, target, value)

    def insert(self, parts: Mapping[str, Part]) -> None:
        """Put a value at a place in what repeats."""
        path, info, count = self._collection(parts)
        index = _simple(parts, "index", int)
        _require_index("index", index, count)
        insert(self.resource, path, index, value_of(parts.get("value"), info, self._types))

    def delete(self, parts: Mapping[str, Part]) -> None:
        """Take an element away; that there is none is no error."""
        found = self._places(parts)
        if len(found) > 1:
            raise InvalidError(f"path: at most one element expected, {len(found)} found; nothing else may be deleted")
        for place in found:
            self._require_part(place)
            self._left.append(remove(self.resource, place.path))

    def replace(self, parts: Mapping[str, Part]) -> None:
        """Put another value in the place of one; where the type may be chosen, perhaps of another type."""
        place = self._one(parts)
        self._require_part(place)
        element = self._element_at(place.path)
        value = value_of(parts.get("value"), element, self._types)
        if element.is_choice:
            remove(self.resource, place.path)
            put(self.resource, (*place.path[:-1], key_of(element, value)), value)
        else:
            put(self.resource, place.path, value)

    def move(self, parts: Mapping[str, Part]) -> None:
        """Change the order of what repeats."""
        path, _, count = self._collection(parts)
        source, destination = _simple(parts, "source", int), _simple(parts, "destination", int)
        _require_index("source", source, count - 1)
        _require_index("destination", destination, count - 1)
        for key in (str(path[-1]), f"_{path[-1]}"):
            items = get(self.resource, path[:-1]).get(key)
            if items is not None:
                items.extend([None] * (count - len(items)))
                items.insert(destination, items.pop(source))

    def _places(self, parts: Mapping[str, Part]) -> list[Place]:
        return places(_simple(parts, "path", str), self.resource, self._types, self._budget)

    def _one(self, parts: Mapping[str, Part]) -> Place:
        found = self._places(parts)
        if len(found) != 1:
            text = _simple(parts, "path", str)
            raise InvalidError(f"path: {text!r} must find one element, and finds {len(found)}")
        return found[0]

    def _collection(self, parts: Mapping[str, Part]) -> tuple[Path, ElementInfo, int]:
        """The list that a path stands for, its definition, and how many items it has; all of it must be found."""
        text, found = _simple(parts, "path", str), self._places(parts)
        if not found:
            raise InvalidError(f"path: {text!r} must find the items of a list, and finds none; add the first one")
        paths = {place.path[:-1] for place in found}
        path = next(iter(paths))
        if len(paths) > 1 or not isinstance(found[0].path[-1], int):
            raise InvalidError(f"path: {text!r} must find the items of one list, and finds something else")
        count = max(len(get(self.resource, path[:-1]).get(key) or ()) for key in (str(path[-1]), f"_{path[-1]}"))
        if len(found) != count:
            raise InvalidError(f"path: {text!r} must find all {count} items of the list, and finds {len(found)}")
        return path, self._element_at(found[0].path), count

    def _element(self, holder: Place, name: str) -> ElementInfo:
        node = self._types.node(holder.type_name)
        found = node.elements.get(name.removesuffix("[x]")) if node else None
        if found is None or (node and node.kind == "primitive" and name not in ("id", "extension")):
            raise InvalidError(f"name: {holder.type_name} has no element {name!r}")
        return found

    def _element_at(self, path: Path) -> ElementInfo:
        """The definition of what stands at a place, found by walking down to it."""
        name, node, info = resource_type(self.resource), self._types.node(resource_type(self.resource)), None
        here: Any = self.resource
        for step in path:
            below = here.get(step) if isinstance(here, dict) else here[step] if isinstance(step, int) else None
            if isinstance(step, str) and step[0] != "_":
                if isinstance(here, dict) and "resourceType" in here:
                    node = self._types.node(resource_type(here))
                known = self._types.property(node, step) if node else None
                if known is None:
                    raise InvalidError(f"{_told(path)}: {name} has no element {step!r}")
                info, name = known
                node = self._types.node(name)
            elif isinstance(step, str):
                node = self._types.node("Element")
            here = below
        assert info is not None
        return info

    def _require_part(self, place: Place) -> None:
        if not place.path:
            raise InvalidError("path: a part of the resource expected, found the whole of it")


_OPERATIONS: Mapping[str, Callable[[_Patching, Mapping[str, Part]], None]] = {
    "add": _Patching.add,
    "insert": _Patching.insert,
    "delete": _Patching.delete,
    "replace": _Patching.replace,
    "move": _Patching.move,
}


def _parts(holder: Mapping[str, Any], name: str) -> Iterator[Part]:
    found = holder.get(name, ())
    return (part for part in (found if isinstance(found, list) else ()) if isinstance(part, dict))


def _simple(parts: Mapping[str, Part], name: str, kind: type[Any]) -> Any:
    """The one value of a part, of a class."""
    values = [value for key, value in parts.get(name, {}).items() if key.startswith("value")]
    if len(values) != 1 or not isinstance(values[0], kind) or isinstance(values[0], bool):
        word = "a text" if kind is str else "a whole number"
        raise MalformedError(f"{name}: {word} expected, found {values[0] if values else 'none'!r}")
    return values[0]


def _require_index(name: str, index: int, most: int) -> None:
    if not 0 <= index <= most:
        raise InvalidError(f"{name}: 0 to {most} expected, found {index}")


def _choice_keys(element: ElementInfo) -> list[str]:
    return [element.name + type[0].upper() + type[1:] for type in element.types]


def _told(path: Path) -> str:
    """A place for people: ``contact[0].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".") or "the resource"
