"""A GraphQL query, carried out on resources: fields, lists, references and searches, as FHIR has them.

An element is asked for by its name in JSON; of a choice also without its type. A field that a type does not have is an
error. What a reference leads to is its field ``resource``; what refers to a resource is its field ``ConditionList``
with ``_reference``. Everything read is held to what the client may read, everything searched to what it may see.

Source: FHIR R4, 3.3 using GraphQL.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from careloom.model.errors import (
    DeletedError,
    ForbiddenError,
    InvalidError,
    MalformedError,
    NotFoundError,
    NotSupportedError,
)
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.access import judge_right, permitted
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.operations.addressed import addressed_version, resource_of
from careloom.rest.operations.graphql.arguments import listed, require_known, text_of
from careloom.rest.operations.graphql.asked import Asked
from careloom.rest.operations.graphql.budget import Budget
from careloom.rest.operations.graphql.document import Document, Field, Selections
from careloom.rest.operations.graphql.elements import Elements
from careloom.rest.operations.graphql.flattening import (
    PLAIN,
    TOP,
    Shape,
    Told,
    Within,
    shape_of,
)
from careloom.rest.operations.references import local_reference
from careloom.rest.visibility import narrowed
from careloom.search import Query, parse_query
from careloom.store import Page, Version

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LIST: Final = "List"
_CONNECTION: Final = "Connection"
_USUAL_COUNT: Final = 50
_NAMES_OF_TYPES: Final = frozenset({"__typename", "resourceType"})
_OF_CONNECTIONS: Final = frozenset({"count", "pagesize", "offset", "first", "previous", "next", "last", "edges"})


@dataclass(frozen=True, slots=True)
class Place:
    """An object of a type, within a resource."""

    value: Mapping[str, Any]
    type: str
    resource: Resource

    def below(self, value: dict[str, Any], type: str) -> "Place":
        """An object below this one; a resource that is contained is its own."""
        return (
            Place(value, resource_type(value), value) if "resourceType" in value else Place(value, type, self.resource)
        )


class Execution:
    """One query that is being carried out.

    Args:
        document: The query, and its fragments.
        variables: What its variables stand for.
        request: Who asks.
        hub: Whom.

    Attributes:
        versions: All that was read, for the audit record.
    """

    def __init__(self, document: Document, variables: Mapping[str, Any], request: FhirRequest, hub: Hub) -> None:
        self.versions: dict[str, Version] = {}
        self._request = request
        self._hub = hub
        self._asked = Asked(document, variables, hub.types, Budget())
        self._elements = Elements(hub.types, self._asked)

    async def of_system(self, selections: Selections) -> dict[str, Any]:
        """What is asked of the record: ``Patient(id: 1)``, ``PatientList(…)``, ``PatientConnection(…)``."""
        told: dict[str, Any] = {}
        for each in self._asked.fields(selections, "Query"):
            _require_not_flattened(each, shape_of(each, self._asked.arguments))
            if each.name == "__typename":
                told[each.alias] = "Query"
                continue
            searched = self._searched(each.name)
            if searched:
                told[each.alias] = await self._search(each, *searched, None)
            else:
                told[each.alias] = await self._read(each)
        return told

    async def of_resource(self, selections: Selections, resource: Resource) -> dict[str, Any]:
        """What is asked of a resource."""
        return await self._object(selections, resource, resource_type(resource), resource)

    async def _object(
        self, selections: Selections, value: Mapping[str, Any], type: str, resource: Resource
    ) -> dict[str, Any]:
        """What is asked of an object of a type, within a resource."""
        told = Told()
        await self._fill(told, selections, Place(value, type, resource), TOP)
        return told.fields

    async def _fill(self, told: Told, selections: Selections, at: Place, within: Within) -> None:
        """Tell what is asked of an object, in one that may have been begun by others."""
        for each in self._asked.fields(selections, at.type):
            shape = shape_of(each, self._asked.arguments)
            if shape == PLAIN and within == TOP:
                told.put(each.alias, await self._field(each, at.value, at.type, at.resource))
            elif each.name == "resource" and at.type == "Reference":
                await self._fill_referred(told, each, shape, at.value, within)
            elif each.name in _NAMES_OF_TYPES or ("resourceType" in at.value and self._searched(each.name)):
                _require_not_flattened(each, shape)
                found = await self._field(each, at.value, at.type, at.resource)
                told.add(each.alias + within.suffix, each.name, found, repeats=within.repeats and not shape.singleton)
            else:
                await self._fill_element(told, each, shape, at, within)

    async def _fill_element(self, told: Told, asked: Field, shape: Shape, at: Place, within: Within) -> None:
        """Tell the values of an element, or what is below them, in the shape that is asked for."""
        items = self._elements.items(asked, at.value, at.type)
        repeats = within.repeats or (items.is_list and not shape.first)
        for number, item in enumerate(items.values[:1] if shape.first else items.values):
            suffix = within.suffix + self._elements.suffix(shape.slice, number, item, items.type)
            if not shape.flatten:
                found = await self._value(asked, item, items.type, at.resource)
                told.add(asked.alias + suffix, items.type, found, repeats=repeats and not shape.singleton)
            elif isinstance(item, dict):
                await self._fill(told, asked.selections, at.below(item, items.type), Within(repeats, suffix))
            else:
                raise MalformedError(f"{asked.name} @flatten: {items.type} has no fields to be told in its place")

    async def _fill_referred(
        self, told: Told, asked: Field, shape: Shape, value: Mapping[str, Any], within: Within
    ) -> None:
        """Tell what a reference leads to, or what is below it."""
        found = await self._target(asked, value)
        if found is None:
            return
        type = resource_type(found)
        if shape.flatten:
            await self._fill(told, asked.selections, Place(found, type, found), within)
            return
        inner = await self._object(asked.selections, found, type, found)
        told.add(asked.alias + within.suffix, "Resource", inner, repeats=within.repeats and not shape.singleton)

    async def _field(self, asked: Field, value: Mapping[str, Any], type: str, resource: Resource) -> Any:
        if asked.name == "__typename":
            return type
        if asked.name == "resourceType" and "resourceType" in value:
            return value["resourceType"]
        if asked.name == "resource" and type == "Reference":
            return await self._referred(asked, value)
        if "resourceType" in value and (searched := self._searched(asked.name)):
            return await self._search(asked, *searched, resource)
        found = self._elements.items(asked, value, type)
        told = [await self._value(asked, item, found.type, resource) for item in found.values]
        if found.is_list:
            return told if found.is_there else None
        return told[0] if told else None

    async def _value(self, asked: Field, value: Any, type: str, resource: Resource) -> Any:
        if isinstance(value, dict):
            if not asked.selections:
                raise MalformedError(f"{asked.name}: {type} has fields; say between braces which of them are wanted")
            if "resourceType" in value:
                return await self._object(asked.selections, value, resource_type(value), value)
            return await self._object(asked.selections, value, type, resource)
        if asked.selections and value is not None:
            raise MalformedError(f"{asked.name}: {type} has no fields, and none can be chosen")
        return value

    async def _referred(self, asked: Field, value: Mapping[str, Any]) -> Any:
        """What is asked of what a reference leads to; None where that is not there, and need not be."""
        found = await self._target(asked, value)
        return None if found is None else await self._object(asked.selections, found, resource_type(found), found)

    async def _target(self, asked: Field, value: Mapping[str, Any]) -> Resource | None:
        """What a reference leads to.

        Raises:
            NotFoundError: It is not there, and the query does not say that this is fine.
        """
        arguments = self._asked.arguments(asked.arguments)
        require_known(arguments, {"optional", "type"}, "resource")
        reference = local_reference(value.get("reference"), self._hub.base_url)
        if reference is None or arguments.get("type") not in (None, reference.type):
            if arguments.get("optional") or reference is not None:
                return None
            raise NotFoundError(f"{value.get('reference')!r} leads to nothing held here; optional: true passes it over")
        address = replace(
            self._request, type=reference.type, id=reference.id, version_id=reference.version, url=reference.local
        )
        try:
            return await self._resource(address)
        except (NotFoundError, DeletedError, ForbiddenError):
            if arguments.get("optional"):
                return None
            raise

    async def _read(self, asked: Field) -> dict[str, Any]:
        arguments = self._asked.arguments(asked.arguments)
        if asked.name not in self._hub.routes.types or set(arguments) != {"id"}:
            told = "a type with the argument id, or a type with List or Connection after it, expected"
            raise MalformedError(f"query: {told}, found {asked.name[:80]!r}", expression="query")
        id = str(arguments["id"])
        if not _ID.fullmatch(id):
            raise MalformedError(f"id: 1 to 64 of A-Z a-z 0-9 - . expected, found {id[:80]!r}", expression="query")
        address = replace(self._request, type=asked.name, id=id, url=f"{asked.name}/{id}")
        resource = await self._resource(address)
        return await self._object(asked.selections, resource, asked.name, resource)

    async def _resource(self, address: FhirRequest) -> Resource:
        permitted(judge_right("read", address.type, address, self._hub))
        self._asked.budget.spend(resources=1)
        version = await addressed_version(address, self._hub)
        self.versions[version.reference] = version
        return resource_of(version)

    def _searched(self, name: str) -> tuple[str, str] | None:
        """The type that a field searches, and how it tells what it finds; None where it searches none."""
        for kind in (_CONNECTION, _LIST):
            if name.endswith(kind) and name.removesuffix(kind) in self._hub.routes.types:
                return name.removesuffix(kind), kind
        return None

    async def _search(self, asked: Field, type: str, kind: str, owner: Resource | None) -> Any:
        permitted(judge_right("search-type", type, self._request, self._hub))
        query = self._query(type, self._asked.arguments(asked.arguments), owner)
        self._asked.budget.spend(searches=1)
        page = await self._hub.repository.search(query)
        self._asked.budget.spend(resources=len(page.matches))
        self.versions |= {version.reference: version for version in page.matches}
        if kind == _LIST:
            return [await self.of_resource(asked.selections, resource_of(each)) for each in page.matches]
        return await self._connection(asked, page, query)

    def _query(self, type: str, arguments: Mapping[str, Any], owner: Resource | None) -> Query:
        criteria: list[tuple[str, str]] = []
        for name, value in arguments.items():
            if name == "_reference":
                continue
            criteria += [(self._parameter(name, type), text_of(each)) for each in listed(value)]
        if owner is not None:
            criteria.append((self._parameter(self._referring(arguments, type), type), _address(owner)))
        try:
            query = parse_query(type, criteria, self._hub.parameters, strict=True, now=self._hub.clock)
        except InvalidError as error:
            raise MalformedError(f"{type}List: {error}", issues=error.issues) from error
        if query.includes or query.revincludes or query.elements or query.summary:
            raise NotSupportedError(
                f"{type}List: fields say what is told; _include, _elements and _summary do not count"
            )
        count = min(_USUAL_COUNT if query.count is None else query.count, self._hub.limits.page)
        return narrowed(replace(query, count=count), self._request, self._hub)

    def _referring(self, arguments: Mapping[str, Any], type: str) -> str:
        if not isinstance(arguments.get("_reference"), str):
            told = "_reference expected, the parameter by which it refers to the resource that it stands in"
            raise MalformedError(f"{type}List: {told}, found {arguments.get('_reference')!r}", expression="query")
        return str(arguments["_reference"])

    def _parameter(self, name: str, type: str) -> str:
        """The search parameter that an argument means: GraphQL has no hyphens, and no modifiers."""
        if name == "_cursor":
            return "_page"
        known = self._hub.parameters.of(type)
        return next((code for code in known if code.replace("-", "_") == name), name)

    async def _connection(self, asked: Field, page: Page, query: Query) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for each in self._asked.fields(asked.selections, f"{query.type}Connection"):
            if each.name not in _OF_CONNECTIONS:
                known = ", ".join(sorted(_OF_CONNECTIONS))
                raise MalformedError(f"{query.type}Connection: one of {known} expected, found {each.name[:80]!r}")
            values = {"count": page.total, "pagesize": query.count, "next": page.next}
            told[each.alias] = await self._edges(each, page) if each.name == "edges" else values.get(each.name)
        return told

    async def _edges(self, asked: Field, page: Page) -> list[dict[str, Any]]:
        edges = []
        for version in page.matches:
            edge: dict[str, Any] = {}
            for each in self._asked.fields(asked.selections, "Edge"):
                if each.name not in ("mode", "score", "resource"):
                    raise MalformedError(f"edges: one of mode, score, resource expected, found {each.name[:80]!r}")
                is_resource = each.name == "resource"
                value = await self.of_resource(each.selections, resource_of(version)) if is_resource else None
                edge[each.alias] = "match" if each.name == "mode" else value
            edges.append(edge)
        return edges


def _require_not_flattened(asked: Field, shape: Shape) -> None:
    if shape.flatten or shape.first or shape.slice:
        told = "@flatten, @first and @slice go with elements, and @flatten with the resource of a reference"
        raise NotSupportedError(f"{asked.name}: {told}")


def _address(resource: Resource) -> str:
    return f"{resource_type(resource)}/{resource['id']}"
