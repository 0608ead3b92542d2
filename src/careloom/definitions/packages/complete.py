"""The same package with every snapshot made: what other tools refuse to build on when it is missing."""

from collections.abc import Iterable

from careloom.definitions.packages.content import PackageContent
from careloom.definitions.registry import Definitions
from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, InvalidError


def snapshot_complete(content: PackageContent, below: Definitions) -> tuple[PackageContent, list[Issue]]:
    """A package whose structure definitions all have snapshots, and what is odd in them.

    Args:
        content: The package as published.
        below: What it depends on; the package itself need not be in it.

    Raises:
        InvalidError: Snapshots cannot be made; carries one issue for each definition, with URL and element id.
    """
    definitions = below.with_resources(content.resources.values())
    made: dict[str, Resource] = {}
    odd: list[Issue] = []
    broken: list[Issue] = []
    for name, resource in content.resources.items():
        made[name] = resource
        if resource["resourceType"] != "StructureDefinition":
            continue
        try:
            snapshot = definitions.snapshot_of(resource)
        except CareloomError as error:
            broken.extend(error.issues)
        else:
            made[name] = snapshot.structure
            odd.extend(snapshot.issues)
    if broken:
        raise InvalidError(_summary(broken), issues=broken)
    return PackageContent(content.manifest, made, content.examples), odd


def _summary(broken: Iterable[Issue]) -> str:
    lines = [issue.diagnostics for issue in broken]
    return f"{len(lines)} structure definitions have no snapshot:\n" + "\n".join(f"  {line}" for line in lines)
