"""StructureDefinitions: they can be worked out, and what they refer to fits.

Source: FHIR R4, StructureDefinition and ElementDefinition, and the profiling rules.
"""

from collections.abc import Mapping
from typing import Any

from careloom.model.errors import DefinitionError, NotFoundError
from careloom.model.issues import Severity
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.questionnaires import objects
from careloom.validation.schema import Node

_ABSTRACT = frozenset(["BackboneElement", "DomainResource", "Element", "Resource"])


def check_structure_definition(scope: Scope, check: Check) -> None:
    """Check the type, the snapshot that can be made, and the elements of the differential."""
    resource, path = scope.resource, scope.path
    _check_type(resource, path, check)
    _check_snapshot(resource, path, check)
    differential = resource.get("differential")
    elements = objects(differential.get("element")) if isinstance(differential, dict) else []
    for index, element in enumerate(elements):
        here = (((path, "differential"), "element"), index)
        _check_profiles(element, here, check)
        _check_discriminators(element, here, check)


def _check_type(resource: Mapping[str, Any], path: Path, check: Check) -> None:
    type = resource.get("type")
    if isinstance(type, str) and ":" not in type and check.library.types.node(type) is None:
        message = f"a type of FHIR or one with an absolute address expected, '{type}' found"
        check.error("business-rule", (path, "type"), message, "structure-definition")


def _check_snapshot(resource: dict[str, Any], path: Path, check: Check) -> None:
    url = resource.get("url")
    if not isinstance(url, str) or resource.get("derivation") != "constraint" or "differential" not in resource:
        return
    bare = {key: value for key, value in resource.items() if key != "snapshot"}
    try:
        check.library.definitions.with_resources([bare]).structure(url)
    except DefinitionError as error:
        severity: Severity = "error" if error.url == url else "warning"  # what it builds on may be at fault
        check.tell(severity, "exception", path, f"the snapshot cannot be made: {error}", "snapshot")
    except NotFoundError as error:
        check.warning("not-found", path, f"the snapshot cannot be made: {error}", "snapshot")


def _check_profiles(element: Mapping[str, Any], path: Path, check: Check) -> None:
    for index, type in enumerate(objects(element.get("type"))):
        profiles = type.get("profile")
        for position, canonical in enumerate(profiles if isinstance(profiles, list) else ()):
            schema = check.library.find_schema(canonical) if isinstance(canonical, str) else None
            code = str(type.get("code"))
            if schema and schema.type != code and code not in _ABSTRACT:
                here = ((((path, "type"), index), "profile"), position)
                message = f"a profile of {code} expected, {canonical} is one of {schema.type}"
                check.error("business-rule", here, message, "structure-definition")


def _check_discriminators(element: Mapping[str, Any], path: Path, check: Check) -> None:
    slicing = element.get("slicing")
    nodes = _nodes_at(str(element.get("path")), check)
    for index, one in enumerate(objects(slicing.get("discriminator")) if isinstance(slicing, dict) else ()):
        step = str(one.get("path", "")).partition(".")[0]
        if not nodes or "(" in step or step == "$this" or not step:
            continue
        if not any(step in node.elements for node in nodes):
            here = (((path, "slicing"), "discriminator"), index)
            names = ", ".join(node.name for node in nodes)
            check.error("invalid", here, f"a path in {names} expected, '{step}' found", "structure-definition")


def _nodes_at(path: str, check: Check) -> list[Node]:
    """The nodes that an element may be of; none where that is not certain."""
    start, *steps = path.split(".")
    nodes = [node] if (node := check.library.node(start)) else []
    for step in steps:
        names = [
            type.code
            for node in nodes
            if (element := node.elements.get(step.removesuffix("[x]")))
            for type in element.types
        ]
        if any(name in ("Resource", "DomainResource") for name in names):
            return []
        nodes = [node for name in names if (node := check.library.node(name))]
    return nodes
