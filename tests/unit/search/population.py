"""A few resources as a match in memory sees them."""

from collections.abc import Iterable
from typing import Any

from careloom.search import IndexValues, Query, SearchParameters, holds_all, index_values


class Held:
    """Resources by ``Type/id``: a `careloom.search.Population`."""

    def __init__(self, registry: SearchParameters, *resources: dict[str, Any]) -> None:
        self._values = {f"{each['resourceType']}/{each['id']}": index_values(each, registry) for each in resources}

    def resolve(self, reference: str) -> IndexValues | None:
        return self._values.get(reference)

    def referring(self, type: str, parameter: str, target: str) -> Iterable[IndexValues]:
        for values in self._values.values():
            if values.type == type and target in (each.target for each in values.references.get(parameter, ())):
                yield values

    def found(self, query: Query) -> list[str]:
        """``Type/id`` of what matches."""
        return sorted(name for name, values in self._values.items() if holds_all(query, values, self))


def resource(reference: str, **elements: Any) -> dict[str, Any]:
    type, id = reference.split("/")
    return {"resourceType": type, "id": id, **elements}


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}
