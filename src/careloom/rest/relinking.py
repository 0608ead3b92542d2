"""References inside a transaction, turned into addresses in the record.

Entries of a transaction point at each other by ``fullUrl``, mostly ``urn:uuid:``, and at the record by search,
``Patient?identifier=…``. Once every identity is settled, all of these become ``Type/id``:
in references, in elements of type uri, url, oid and uuid, and in the links of narratives.

Source: FHIR R4, 3.1.0.11.2 transaction processing rules, 3.1.0.11.3 conditional references.
"""

import re
from collections.abc import Iterator, Mapping
from operator import is_
from typing import Any

from careloom.definitions import TypeModel
from careloom.definitions.types import TypeNode
from careloom.model.json import serialize_json
from careloom.model.references import parse_reference, references_in
from careloom.model.resource import Resource, resource_type

_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
_NARRATIVE_LINK = re.compile(r"""((?:href|src)\s*=\s*)(["'])([^"']*)\2""")
_CONTAINERS: frozenset[Any] = frozenset({dict, list})
_URI_TYPES = frozenset({"uri", "url", "oid", "uuid"})


def conditional_references(resource: Resource) -> Iterator[tuple[str, str]]:
    """The references by search that a resource holds: type and full text."""
    if b"?" not in serialize_json(resource):  # nearly all: a look at the text takes a seventh of the walk
        return
    for reference in references_in(resource):
        found = _CONDITIONAL.fullmatch(reference["reference"])
        if found:
            yield found[1], reference["reference"]


def relink(
    resource: Resource, links: Mapping[str, str], full_url: str, types: TypeModel, used: dict[str, str] | None = None
) -> Resource:
    """A resource in which every link that has a new target leads there; what has none is shared, not copied.

    Args:
        resource: As it stands in the entry; it is left as it is.
        links: From ``fullUrl`` or conditional reference to ``Type/id``.
        full_url: Of the entry; relative references are read against its base.
        types: Says which elements are URIs.
        used: Gets those of the links that go into the resource.
    """
    if not links:
        return resource
    own = parse_reference(full_url)
    base = own.base if own else ""
    used = {} if used is None else used
    try:
        return _Quick(links, base, used).object(resource)
    except _TypeMattersError:
        return _Walk(links, base, used, types).resource(resource)


class _TypeMattersError(Exception):
    """A text is a link only if its element is a URI."""


class _Links:
    """Where links lead.

    Args:
        links: From ``fullUrl`` or conditional reference to ``Type/id``.
        base: What relative references are read against.
        used: Gets those that are followed.
    """

    def __init__(self, links: Mapping[str, str], base: str, used: dict[str, str]) -> None:
        self._links = links
        self._base = base
        self._used = used

    def follow(self, text: str) -> str | None:
        """The new target of a link; None where it has none."""
        target = self._links.get(text)
        if target is not None:
            self._used[text] = target
        return target

    def reference(self, text: str) -> str:
        """A link's new target; what follows a ``#`` stays."""
        address, mark, fragment = text.partition("#") if not text.startswith("#") else (text, "", "")
        target = self.follow(address) or (self.follow(self._base + address) if self._base else None)
        return f"{target}{mark}{fragment}" if target else text

    def narrative(self, text: str) -> str:
        """XHTML with its links leading to their new targets."""
        return _NARRATIVE_LINK.sub(lambda found: f"{found[1]}{found[2]}{self.reference(found[3])}{found[2]}", text)


class _Quick(_Links):
    """One pass through one resource that needs no types, since no other text than a reference is a known link.

    What holds no link is shared with the resource, and so left as it is.
    """

    def object(self, node: dict[str, Any]) -> dict[str, Any]:
        """The same with its links.

        Raises:
            _TypeMattersError: Another text is one.
        """
        changed: dict[str, Any] = {}
        for key, old in node.items():
            if old.__class__ is str:
                if key == "reference":
                    new = self.reference(old)
                elif key == "div":
                    new = self.narrative(old)
                elif old in self._links:
                    raise _TypeMattersError
                else:
                    continue
            elif old.__class__ in _CONTAINERS:
                new = self._container(old)
            else:
                continue
            if new is not old:
                changed[key] = new
        return node | changed if changed else node

    def _container(self, node: Any) -> Any:
        if node.__class__ is dict:
            return self.object(node)
        items = [self._container(old) if old.__class__ in _CONTAINERS else self._plain(old) for old in node]
        return node if all(map(is_, items, node)) else items

    def _plain(self, value: Any) -> Any:
        if value.__class__ is str and value in self._links:
            raise _TypeMattersError
        return value


class _Walk(_Links):
    """One pass through one resource, with the type of each element at hand."""

    def __init__(self, links: Mapping[str, str], base: str, used: dict[str, str], types: TypeModel) -> None:
        super().__init__(links, base, used)
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
            return self.follow(value) or value
        return value

    def _text(self, key: str, value: str, node: TypeNode | None) -> str:
        if key == "reference":
            return self.reference(value)
        if key == "div":
            return self.narrative(value)
        if value in self._links and node and (known := self._types.property(node, key)) and known[1] in _URI_TYPES:
            return self.follow(value) or value
        return value
