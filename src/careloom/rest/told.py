"""Which types an answer tells of: what it holds, and what it only names."""

from careloom.model.resource import Resource


def types_told(resource: Resource | None) -> set[str]:
    """The types that a resource tells of: its own; of a Bundle and of Parameters those of what they hold or name.

    Args:
        resource: As an interaction answers it or a file has it, so that it is well formed; None for an empty answer.
    """
    if resource is None or resource["resourceType"] == "OperationOutcome":
        return set()
    type = resource["resourceType"]
    if type not in ("Bundle", "Parameters"):
        return {type}
    parts = resource.get("entry" if type == "Bundle" else "parameter", ())
    named = {part.get("request", {}).get("url", "").partition("/")[0] for part in parts}
    return named.union(*(types_told(part.get("resource")) for part in parts)) - {""}
