"""From the text of a reference to the resource it means, nearest first: contained, in the Bundle, then elsewhere."""

from typing import Literal

from careloom.model.records import dataclass
from careloom.validation.context import Check, Scope

Where = Literal["contained", "bundled", "referenced"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference means.

    Attributes:
        scope: The resource; None when it is not at hand.
        where: How it was found; ``referenced`` for what is not in the document.
    """

    scope: Scope | None
    where: Where


def resolve(reference: str, scope: Scope, check: Check) -> Target:
    """Find what a reference in a resource means."""
    if reference.startswith("#"):
        return Target(_contained(reference[1:], scope.container), "contained")
    bundle = scope.bundle
    while bundle is not None:
        found = bundle.index.find(reference, scope)
        if found:
            return Target(found[0], "bundled")
        bundle = bundle.outer.bundle if bundle.outer else None
    resource = check.run.resolve(reference) if check.run.resolve else None
    path = (None, str((resource or {}).get("resourceType", "")))
    return Target(Scope(resource, path, "document") if resource else None, "referenced")


def _contained(id: str, container: Scope) -> Scope | None:
    if not id:
        return container
    contained = container.resource.get("contained")
    for index, resource in enumerate(contained if isinstance(contained, list) else ()):
        if isinstance(resource, dict) and resource.get("id") == id:
            return Scope(resource, ((container.path, "contained"), index), "contained", container)
    return None
