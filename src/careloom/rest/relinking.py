"""References inside a transaction, turned into addresses in the record.

Entries of a transaction point at each other by ``fullUrl``, mostly ``urn:uuid:``, and at the record by search,
``Patient?identifier=…``. Once every identity is settled, all of these become ``Type/id``:
in references, in elements of type uri, url, oid and uuid, and in the links of narratives.

Source: FHIR R4, 3.1.0.11.2 transaction processing rules, 3.1.0.11.3 conditional references.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from careloom.definitions import TypeModel
from careloom.definitions.types import TypeNode
from careloom.model.references import parse_reference, references_in
from careloom.model.resource import Resource, resource_type

_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
_NARRATIVE_LINK = re.compile(r"""((?:href|src)\s*=\s*)(["'])([^"']*)\2""")
_URI_TYPES = frozenset({"uri", "url", "oid", "uuid"})


def conditional_references(resource: Resource) -> Iterator[tuple[str, str]]:
    """The references by search that a resource holds: type and full text."""
    for reference in references_in(resource):
        found = _CONDITIONAL.fullmatch(reference["reference"])
        if found:
            yield found[1], reference["reference"]


def relink(resource: Resource, links: Mapping[str, str], full_url: str, types: TypeModel) -> Resource:
    """A copy of a resource in which every link that has a new target leads there.

    Args:
        resource: As it stands in the entry; it is left as it is.
        links: From ``fullUrl`` or conditional reference to ``Type/id``.
        full_url: Of the entry; relative references are read against its base.
        types: Says which elements are URIs.
    """
    own = parse_reference(full_url)
    walk = _Walk(links, own.base if own else "", types)
    return walk.resource(resource)


class _Walk:
    """One pass through one resource, with the type of each element at hand."""

    def __init__(self, links: Mapping[str, str], base: str, types: TypeModel) -> None:
        self._links = links
        self._base = base
        self._types = types

    def resource(self, value: Resource) -> Resource:
        return self._object(value, self._types.node(resource_type(value)))

    def _object(self, value: dict[str, Any], node: TypeNode | None) -> dict[str, Any]:
        return {key: self._property(key, child, node) for key, child in value.items()}

    def _property(self, key: str, value: Any, node: TypeNode | None) -> Any:
        if isinstance(value, str):
            return self._text(key, value, node)
        if not isinstance(value, dict | list):
            return value
        known = self._types.property(node, key.removeprefix("_")) if node else None
        return self._value(value, "Element" if key.startswith("_") else known[1] if known else "")

    def _value(self, value: Any, type: str) -> Any:
        if isinstance(value, list):
            return [self._value(item, type) for item in value]
        if isinstance(value, dict):
            return self.resource(value) if "resourceType" in value else self._object(value, self._types.node(type))
        if isinstance(value, str) and type in _URI_TYPES:
            return self._links.get(value, value)
        return value

    def _text(self, key: str, value: str, node: TypeNode | None) -> str:
        if key == "reference":
            return self._reference(value)
        if key == "div":
            return _NARRATIVE_LINK.sub(
                lambda found: f"{found[1]}{found[2]}{self._reference(found[3])}{found[2]}", value
            )
        if value in self._links and node and (known := self._types.property(node, key)) and known[1] in _URI_TYPES:
            return self._links[value]
        return value

    def _reference(self, text: str) -> str:
        """A link's new target; what follows a ``#`` stays."""
        address, mark, fragment = text.partition("#") if not text.startswith("#") else (text, "", "")
        target = self._links.get(address) or (self._links.get(self._base + address) if self._base else None)
        return f"{target}{mark}{fragment}" if target else text
