"""Contained resources: each is referred to, or refers to what contains it.

Source: FHIR R4, DomainResource, invariant dom-3. As FHIRPath it looks at every value once a contained resource.
"""

from collections.abc import Iterator
from typing import Any

from careloom.model.late import late_pattern
from careloom.validation.context import Check, Scope

_LINK = late_pattern(r"""(?:href|src)\s*=\s*["'](#[^"']+)["']""")


def check_contained(scope: Scope, check: Check) -> None:
    """Tell which contained resources nothing refers to."""
    contained = scope.resource.get("contained")
    if not isinstance(contained, list) or not contained:
        return
    _check_ids(contained, scope, check)
    texts = set(_fragments(scope.resource))
    for index, resource in enumerate(contained):
        if not isinstance(resource, dict) or f"#{resource.get('id')}" in texts or "#" in set(_fragments(resource)):
            continue
        message = "dom-3: a reference to the contained resource, or from it to its container, expected; none found"
        check.error("invariant", ((scope.path, "contained"), index), message, "dom-3")


def _check_ids(contained: list[Any], scope: Scope, check: Check) -> None:
    """Each contained resource has an id of its own, or a reference to it could mean another."""
    seen: set[str] = set()
    for index, resource in enumerate(contained):
        id = resource.get("id") if isinstance(resource, dict) else None
        if isinstance(id, str) and id in seen:
            place = ((scope.path, "contained"), index)
            check.error("business-rule", place, f"an id of its own expected, '{id}' found a second time", "id")
        seen.add(str(id))


def _fragments(value: Any) -> Iterator[str]:
    """Every text below that starts with ``#``: references, canonicals and addresses within the resource."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, str) and node.startswith("#"):
            yield node
        elif isinstance(node, str) and node.startswith("<div"):
            yield from _LINK.findall(node)
