"""Compiled types and profiles, made when first asked for and shared.

What is compiled depends on a definition and on the types alone. Definitions that are layered over a common core
share its types (`careloom.definitions`), so they share one store of compiled things, which is keyed by the
identity of the definition: the same resource read once is compiled once, whatever is layered above it.
"""

from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from careloom.definitions import Definitions, TypeModel
from careloom.fhirpath import Expression, compile_expression
from careloom.model import Resource
from careloom.model.errors import DefinitionError, NotFoundError
from careloom.model.records import replace
from careloom.validation.nodes import compile_nodes
from careloom.validation.overlay import compile_schema
from careloom.validation.schema import Node, Schema
from careloom.validation.wording import as_meant

_Compiled = TypeVar("_Compiled")

Event = tuple[str, str]
"""What a message is about: system and code."""


class _Store(Generic[_Compiled]):
    """Compiled things by the identity of their source, which is kept so that the identity stays its own."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Resource, _Compiled]] = {}

    def get(self, source: Resource) -> _Compiled | None:
        found = self._made.get(id(source))
        return found[1] if found else None

    def put(self, source: Resource, compiled: _Compiled) -> _Compiled:
        self._made[id(source)] = (source, compiled)
        return compiled


class _Shared:
    """What all definitions over one core have in common."""

    def __init__(self) -> None:
        self.nodes: _Store[dict[str, Node]] = _Store()
        self.schemas: _Store[Schema] = _Store()
        self.expressions: dict[tuple[str, str], Expression] = {}


_shared: "WeakKeyDictionary[TypeModel, _Shared]" = WeakKeyDictionary()


class Library:
    """The compiled types and profiles of a set of definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.types = definitions.types
        self._shared = _shared.setdefault(self.types, _Shared())
        self._nodes: dict[str, Node | None] = {}
        self._schemas: dict[str, Schema | None] = {}
        self._messages: dict[Event, tuple[Resource, ...]] | None = None

    def node(self, name: str) -> Node | None:
        """The node of a type or of a part of it; None when the definitions have no such type."""
        if name not in self._nodes:
            self._nodes.update(self._nodes_of(name.partition(".")[0]))
            self._nodes.setdefault(name, None)
        return self._nodes[name]

    def schema(self, canonical: str, *, asked_by: str = "") -> Schema:
        """The schema of a profile.

        Raises:
            NotFoundError: It, or what it builds on, is not in the definitions; names it and who asked.
            DefinitionError: It is broken; names its URL and element.
        """
        known = self._schemas.get(canonical)
        if known is None:
            known = self._schemas[canonical] = self._compiled(canonical, asked_by)
        return known

    def find_schema(self, canonical: str) -> Schema | None:
        """The schema of a profile; None when it is missing or broken, which `schema` would tell."""
        if canonical not in self._schemas:
            try:
                self._schemas[canonical] = self._compiled(canonical, "")
            except (NotFoundError, DefinitionError):
                self._schemas[canonical] = None
        return self._schemas[canonical]

    def expression(self, text: str, context_type: str) -> Expression:
        """An invariant compiled for the type that it is evaluated on.

        Raises:
            MalformedError: It is not FHIRPath.
        """
        known = self._shared.expressions.get((text, context_type))
        if known is None:
            known = compile_expression(as_meant(text), types=self.types, context_type=context_type)
            self._shared.expressions[text, context_type] = known
        return known

    def message_definitions(self, event: Event) -> tuple[Resource, ...]:
        """The MessageDefinitions of an event, in the order of their addresses."""
        if self._messages is None:
            found: dict[Event, tuple[Resource, ...]] = {}
            for definition in sorted(self.definitions.all("MessageDefinition"), key=lambda one: str(one.get("url"))):
                for known in filter(None, [event_of(definition)]):
                    found[known] = (*found.get(known, ()), definition)
            self._messages = found  # all at once: another thread may ask meanwhile
        return self._messages.get(event, ())

    def has_definition(self, canonical: str) -> bool:
        """Whether there is a StructureDefinition by that address, sound or not."""
        return self.definitions.find(canonical, "StructureDefinition") is not None

    def has_value_set(self, canonical: str) -> bool:
        """Whether there is a ValueSet by that address."""
        return self.definitions.find(canonical, "ValueSet") is not None

    def _nodes_of(self, type: str) -> dict[str, Node]:
        try:
            structure = self.definitions.structure(type)
        except NotFoundError:
            return {}
        return self._shared.nodes.get(structure) or self._shared.nodes.put(structure, compile_nodes(structure))

    def _compiled(self, canonical: str, asked_by: str) -> Schema:
        url, _, element = canonical.partition("#")
        structure = self.definitions.structure(url, asked_by=asked_by)
        schema = self._shared.schemas.get(structure) or self._shared.schemas.put(
            structure, compile_schema(structure, self.node)
        )
        return _part(schema, element) if element else schema


def event_of(resource: Resource) -> Event | None:
    """The event of a MessageHeader or a MessageDefinition, as system and code; a URI has an empty system."""
    coding = resource.get("eventCoding")
    if isinstance(coding, dict) and coding.get("code"):
        return str(coding.get("system", "")), str(coding["code"])
    uri = resource.get("eventUri")
    return ("", uri) if isinstance(uri, str) else None


def _part(schema: Schema, id: str) -> Schema:
    """What a profile says of one of its elements, as a schema of its own."""
    pending = [schema.root]
    while pending:
        element = pending.pop()
        if element.id == id:
            return replace(schema, root=replace(element, min=0, max=None, types=(), slicing=None, slices=()))
        pending.extend((*element.children.values(), *element.slices))
    raise DefinitionError("no such element in the profile", url=schema.url, element=id)
