"""Elements of a differential: slices have one name, value sets are there, and are bound to what has codes.

None of this keeps a snapshot from being made, and each is a slip that users of the definition pay for later.
Source: FHIR R4, ElementDefinition, "Element Ids"; ElementDefinition.binding, invariant eld-11.
"""

from collections.abc import Iterator, Mapping

from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, part, parts, text

_UNCODED = frozenset(["Extension", "Reference", "Period", "Attachment", "Identifier", "HumanName", "Address"])
"""Types that have no code by nature, of those that bindings are seen on."""


def check_definition_elements(scope: Scope, check: Check) -> None:
    """Check each element of the differential by itself."""
    path = (scope.path, "differential")
    elements = list(parts(part(scope.resource, "differential"), "element", path))
    types = _types_of(scope.resource, elements, check)
    for element, here in elements:
        _check_slice_name(element, here, check)
        _check_value_set(element, here, check)
        _check_bound_type(element, types, here, check)


def _check_slice_name(element: Part, path: Path, check: Check) -> None:
    """The id of a slice ends with its name; of an inner slice ``a/b`` likewise."""
    named = text(element, "sliceName")
    in_id = text(element, "id").rpartition(".")[2].partition(":")[2]
    if named and in_id and named not in (in_id, in_id.rpartition("/")[2]):
        message = f"the slice name {in_id} expected, as in the id {text(element, 'id')}, {named} found"
        check.error("invalid", (path, "sliceName"), message, "slice-name")


def _check_value_set(element: Part, path: Path, check: Check) -> None:
    """A value set that cannot be found leaves the codes unchecked; an address of something else never will be one."""
    canonical = text(part(element, "binding"), "valueSet")
    if not canonical or canonical.startswith("#") or check.run.terminology.value_set(canonical):
        return
    place = ((path, "binding"), "valueSet")
    other = check.library.definitions.find(canonical)
    if other is not None and other.get("resourceType") != "ValueSet":
        message = f"the address of a value set expected, {canonical} is that of a {other.get('resourceType')}"
        check.error("invalid", place, message, "value-set")
    elif "/StructureDefinition/" in canonical:
        check.warning("invalid", place, f"the address of a value set expected, {canonical} found", "value-set")
    else:
        check.warning("not-found", place, f"the value set {canonical} is not in the loaded definitions", "value-set")


def _check_bound_type(element: Part, types: Mapping[str, frozenset[str]], path: Path, check: Check) -> None:
    found = types.get(text(element, "id") or text(element, "path"), frozenset())
    if "binding" in element and found and found <= _UNCODED:
        named = ", ".join(sorted(found))
        message = f"a value set on an element that has codes expected, one on type {named} found"
        check.error("business-rule", (path, "binding"), message, "element-type")


def _types_of(resource: Resource, elements: list[tuple[Part, Path]], check: Check) -> Mapping[str, frozenset[str]]:
    """The types of elements by id, from the snapshot, where an element is bound and does not say its type itself."""
    url = resource.get("url")
    if not isinstance(url, str) or not any("binding" in one and "type" not in one for one, _ in elements):
        return {}
    bare = {key: value for key, value in resource.items() if key != "snapshot"}
    try:
        structure = check.library.definitions.with_resources([bare]).structure(url)
    except CareloomError:
        return {}  # told where the snapshot is checked
    return dict(_typed(structure))


def _typed(structure: Resource) -> Iterator[tuple[str, frozenset[str]]]:
    for element, here in parts(part(structure, "snapshot"), "element", (None, "")):
        yield text(element, "id"), frozenset(text(type, "code") for type, _ in parts(element, "type", here))
