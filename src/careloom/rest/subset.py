"""Parts of resources: ``_summary`` and ``_elements``.

What belongs to a summary is in the definition of each type. It is read once per type into a `Shape`, a tree of the
keys to keep, and a resource is cut down by walking that tree beside it. What must be there by its definition, and
modifiers that change the meaning of what is told (``modifierExtension``, ``implicitRules``), are always kept.

A resource that was cut down says so by the tag SUBSETTED. One that says so is not taken back: writing it would lose
what was left out.

Source: FHIR R4, 3.1.1.5.8 summary and 3.1.1.5.9 elements.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from careloom.definitions import TypeModel
from careloom.definitions.types import ElementInfo
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass
from careloom.model.resource import Resource, resource_type
from careloom.rest.messages import FhirRequest

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}

_SUMMARIES: Final = ("true", "text", "data", "count", "false")
_ALWAYS: Final = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})


@dataclass(frozen=True, slots=True)
class Subset:
    """What of a resource is told.

    Attributes:
        summary: Value of ``_summary``; empty where it is not asked for.
        elements: Names of ``_elements``, as ``name`` or ``Patient.name``.
    """

    summary: str = ""
    elements: tuple[str, ...] = ()

    def of(self, resource: Resource, types: TypeModel) -> Resource:
        """The part of a resource that is told, with its tag; the resource itself where that is all of it."""
        kept = self._kept(resource, types)
        return resource if kept is resource else tagged(kept)

    def _kept(self, resource: Resource, types: TypeModel) -> Resource:
        name = resource_type(resource)
        if self.elements:
            return _with_keys(resource, _element_keys(name, self.elements, types))
        match self.summary:
            case "true":
                kept: Resource = _cut(resource, summary_shape(name, types))
                return kept
            case "text":
                return _with_keys(resource, _mandatory_keys(name, types) | {"text"})
            case "data":
                return {key: value for key, value in resource.items() if key != "text"}
            case _:
                return resource


WHOLE: Final = Subset()


def subset_of(request: FhirRequest) -> Subset:
    """The part of resources that a request asks for.

    Raises:
        MalformedError: Not one of the five summaries, or no names of elements.
    """
    if not request.parameters:
        return WHOLE
    asked, named = request.values("_summary"), request.values("_elements")
    if asked and asked[-1] not in _SUMMARIES:
        raise MalformedError(f"_summary: one of {', '.join(_SUMMARIES)} expected, found {asked[-1][:40]!r}")
    elements = tuple(part.strip() for value in named for part in value.split(","))
    if not all(elements):
        raise MalformedError("_elements: names of elements separated by commas expected, found an empty one")
    summary = asked[-1] if asked and asked[-1] != "false" else ""
    return Subset(summary, elements)


def tagged(resource: Resource) -> Resource:
    """A copy of a resource that says by its tag that it is not whole."""
    meta = resource.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if not _is_subsetted(tag)]
    return {**resource, "meta": {**meta, "tag": [*tags, SUBSETTED]}}


def require_whole(resource: Resource) -> None:
    """Refuse to write what is only a part of a resource.

    Raises:
        InvalidError: Its tag says so.
    """
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if isinstance(tags, list) and any(isinstance(tag, dict) and _is_subsetted(tag) for tag in tags):
        told = "a whole resource expected, and the tag SUBSETTED says this is a part of one: the rest would be lost"
        raise InvalidError(f"{resource_type(resource)}.meta.tag: {told}")


def parts_in_bundle(bundle: Resource, subset: Subset, types: TypeModel) -> Resource:
    """A Bundle whose matches are told in part; what is included beside them is cut down by a summary alone."""
    if subset == WHOLE or "entry" not in bundle:
        return bundle
    beside = Subset(subset.summary)

    def told(entry: Resource) -> Resource:
        mode = entry.get("search", {}).get("mode", "match")
        if "resource" not in entry or mode == "outcome":
            return entry
        part = subset if mode == "match" else beside
        return {**entry, "resource": part.of(entry["resource"], types)}

    return {**bundle, "entry": [told(entry) for entry in bundle["entry"]]}


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of a node that belong to a summary.

    Attributes:
        keys: Each with the shape of what is below it; None where all of that is kept.
    """

    keys: Mapping[str, "Shape | None"]


@lru_cache(maxsize=512)
def summary_shape(name: str, types: TypeModel) -> Shape:
    """What the summary of a type holds.

    An element that is marked is told with all that is in it, unless it is a backbone: of that, the marked elements.
    """
    node = types.node(name)
    keys: dict[str, Shape | None] = {"resourceType": None}
    for info in node.elements.values() if node else ():
        if info.is_summary or info.min > 0 or info.name in _ALWAYS:
            below = _below(info, types)
            keys |= dict.fromkeys(_json_keys(info), below)
    return Shape(keys)


def _below(info: ElementInfo, types: TypeModel) -> Shape | None:
    """The shape of a backbone; None for a type, which is told whole."""
    child = types.node(info.types[0]) if len(info.types) == 1 else None
    if child is None or child.kind != "backbone":
        return None
    shape = summary_shape(child.name, types)
    marked = any(each.is_summary for each in child.elements.values())
    return shape if marked else None


def _cut(value: Any, shape: Shape | None) -> Any:
    if shape is None:
        return value
    if isinstance(value, list):
        return [_cut(item, shape) for item in value]
    if not isinstance(value, dict):
        return value
    keys = shape.keys
    kept = {}
    for key, item in value.items():
        plain = key.removeprefix("_")
        if plain in keys:
            kept[key] = item if key[0] == "_" else _cut(item, keys[plain])
    return kept


def _with_keys(resource: Resource, keys: frozenset[str] | set[str]) -> Resource:
    return {key: value for key, value in resource.items() if key.removeprefix("_") in keys}


@lru_cache(maxsize=512)
def _mandatory_keys(name: str, types: TypeModel) -> frozenset[str]:
    node = types.node(name)
    infos = [info for info in node.elements.values() if info.min > 0] if node else []
    return _ALWAYS | {key for info in infos for key in _json_keys(info)}


@lru_cache(maxsize=512)
def _element_keys(name: str, elements: tuple[str, ...], types: TypeModel) -> frozenset[str]:
    """The keys that ``_elements`` asks for and those that must be there.

    Raises:
        MalformedError: A name that this type does not have, and that names no other type before its first point.
    """
    node = types.node(name)
    wanted = {part for element in elements if (part := _of_type(element, name))}
    infos = [node.elements[each] for each in wanted if node and each in node.elements]
    return _mandatory_keys(name, types) | {key for info in infos for key in _json_keys(info)}


def unknown_elements(name: str, elements: tuple[str, ...], types: TypeModel) -> list[str]:
    """Those of the names in ``_elements`` that a type does not have."""
    node = types.node(name)
    if node is None:
        return []
    return [each for each in elements if (part := _of_type(each, name)) and part not in node.elements]


def _of_type(element: str, type: str) -> str:
    """The element of a type that a name means, at its first level; empty where it means another type's."""
    head, _, rest = element.partition(".")
    if head[:1].isupper():
        return rest.partition(".")[0] if head == type else ""
    return head.removesuffix("[x]")


def _json_keys(info: ElementInfo) -> list[str]:
    if not info.is_choice:
        return [info.name]
    return [info.name + type[0].upper() + type[1:] for type in info.types]


def _is_subsetted(tag: Mapping[str, Any]) -> bool:
    return tag.get("system") == SUBSETTED["system"] and tag.get("code") == SUBSETTED["code"]
