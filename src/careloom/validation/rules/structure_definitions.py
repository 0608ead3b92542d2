"""StructureDefinitions: a type and a base that go together, a snapshot that can be made, elements in order.

Source: FHIR R4, StructureDefinition and ElementDefinition, and the profiling rules.
"""

from collections.abc import Iterator, Mapping

from careloom.model import Resource
from careloom.model.errors import DefinitionError, NotFoundError
from careloom.model.issues import Severity
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.element_definitions import check_element_definitions
from careloom.validation.rules.parts import Part, part, parts, text


def check_structure_definition(scope: Scope, check: Check) -> None:
    """Check the whole, then its elements by themselves, by their base, and by the snapshot that can be made."""
    _check_type(scope, check)
    _check_derivation(scope, check)
    snapshot = _snapshot(scope, check)
    _check_order(scope, snapshot, check)
    check_element_definitions(scope, snapshot, check)


def _check_type(scope: Scope, check: Check) -> None:
    type = text(scope.resource, "type")
    if type and ":" not in type and check.library.types.node(type) is None:
        message = f"a type of FHIR or one with an absolute address expected, '{type}' found"
        check.error("business-rule", (scope.path, "type"), message, "structure-definition")


def _check_derivation(scope: Scope, check: Check) -> None:
    """A constraint is of the kind of its base; a specialization is a type of its own; what has a base is either."""
    resource = scope.resource
    if "baseDefinition" in resource and "derivation" not in resource:
        message = "derivation: constraint or specialization expected where there is a base, none found"
        check.error("business-rule", scope.path, message, "derivation")
    base = check.library.definitions.find(text(resource, "baseDefinition"), "StructureDefinition")
    if base is None or base.get("url") == resource.get("url"):
        return
    kind, expected = resource.get("kind"), base.get("kind")
    if kind != expected and (resource.get("derivation") == "constraint" or not base.get("abstract")):
        message = f"kind: {expected} expected as in {base.get('url')}, {kind} found"
        check.error("business-rule", scope.path, message, "derivation")
    if resource.get("derivation") == "specialization" and resource.get("type") == base.get("type"):
        message = (
            f"type: a type of its own expected of a specialization, {base.get('type')} found, the type of its base"
        )
        check.error("business-rule", scope.path, message, "derivation")


# The snapshot


def _snapshot(scope: Scope, check: Check) -> Mapping[str, Part]:
    """The elements of the snapshot that the differential makes of the base, by id; none where it makes none."""
    resource = scope.resource
    url = resource.get("url")
    if not isinstance(url, str) or resource.get("derivation") != "constraint" or "differential" not in resource:
        return {}
    bare = {key: value for key, value in resource.items() if key != "snapshot"}
    try:
        return dict(_by_id(check.library.definitions.with_resources([bare]).structure(url)))
    except DefinitionError as error:
        severity: Severity = "error" if error.url == url else "warning"  # what it builds on may be at fault
        check.tell(severity, "exception", scope.path, f"the snapshot cannot be made: {error}", "snapshot")
    except NotFoundError as error:
        check.warning("not-found", scope.path, f"the snapshot cannot be made: {error}", "snapshot")
    return {}


def _by_id(structure: Resource) -> Iterator[tuple[str, Part]]:
    for element, _ in parts(part(structure, "snapshot"), "element", (None, "")):
        yield text(element, "id"), element


def _check_order(scope: Scope, snapshot: Mapping[str, Part], check: Check) -> None:
    """Elements below the same parent come in the order of the base; slices of one element in any."""
    order = {id: place for place, id in enumerate(snapshot)}
    last: dict[str, tuple[int, str]] = {}
    path: Path = (scope.path, "differential")
    for element, here in parts(part(scope.resource, "differential"), "element", path):
        parent, _, step = text(element, "id").rpartition(".")
        place = order.get(f"{parent}.{step.partition(':')[0]}")
        latest, name = last.get(parent, (-1, ""))
        if place is not None and place < latest:
            message = f"{text(element, 'id')} expected before {name}, as in the base, found after it"
            check.error("exception", here, message, "element-order")
        elif place is not None:
            last[parent] = (place, text(element, "id"))
