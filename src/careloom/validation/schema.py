"""A profile as a frozen tree: what is checked, free of everything in a StructureDefinition that is not.

Two kinds of tree are made of the same parts. A *node* is a type of the specification, complete: every property a
JSON object of that type may have. A *schema* is a profile, and holds only what the profile says beyond the
type it constrains: an element that adds nothing is not in the tree, so that judging by a profile walks only where
the profile speaks. `schema_json` prints either.
"""

from collections.abc import Mapping
from typing import Any, Literal

from careloom.model.records import dataclass, field

Kind = Literal["resource", "complex", "primitive", "backbone"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """An invariant: ``expression`` must be true; ``severity`` is error or warning."""

    key: str
    severity: Literal["error", "warning"]
    human: str
    expression: str
    is_best_practice: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """The value set that codes come from, by canonical, and how firmly: required, extensible, preferred or example."""

    strength: str
    value_set: str
    max_value_set: str = ""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """A type that an element may have, and what its values must conform to.

    Attributes:
        code: Type name, ``Quantity``; for a backbone or a content reference, the node, ``Patient.contact``.
        profiles: Profiles of the type, of which one must hold.
        targets: Profiles of the resources that a Reference or canonical may point at, of which one must hold.
        aggregation: How a Reference may be resolved: ``contained``, ``referenced``, ``bundled``; empty for any.
        versioning: ``either``, ``independent`` or ``specific``.
        is_bare: Whether it is a type of FHIRPath, whose values have neither id nor extensions.
    """

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    aggregation: tuple[str, ...] = ()
    versioning: str = "either"
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Required:
    """A value that the element must equal (``fixed``) or contain (``pattern``)."""

    kind: Literal["fixed", "pattern"]
    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Limit:
    """The least or greatest value allowed, of a FHIR type; a Quantity against a date is a duration from now."""

    kind: Literal["minValue", "maxValue"]
    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Discriminator:
    """By what the slices of a list are told apart."""

    type: str
    path: str


@dataclass(frozen=True, slots=True)
class Slicing:
    """How a list is sliced."""

    discriminators: tuple[Discriminator, ...]
    rules: Literal["open", "closed", "openAtEnd"]
    is_ordered: bool


@dataclass(frozen=True, slots=True)
class Element:
    """What is said about an element; an empty field says nothing.

    Attributes:
        id: Element id in the StructureDefinition, for messages about the definition.
        name: JSON name, without type suffix for a choice.
        min: Least number of occurrences.
        max: Greatest number of occurrences; None for no limit.
        is_list: Whether JSON has an array here; the base definition decides, not the profile's max.
        is_choice: Whether the JSON name has the type appended.
        is_modifier: Whether it changes the meaning of what it belongs to.
        slice_name: Name of the slice that this is; empty for an element that is none.
        must_have_value: Whether a primitive needs a value, an extension will not do.
        narrative_language: Sections by language that a narrative has: ``_yes``, ``_no``, ``_resource``, or a language.
        narrative_source: Whether each part of a narrative must say where it comes from; any text if so.
    """

    id: str
    name: str
    min: int = 0
    max: int | None = None
    is_list: bool = False
    is_choice: bool = False
    is_modifier: bool = False
    slice_name: str = ""
    types: tuple[TypeRule, ...] = ()
    required: tuple[Required, ...] = ()
    limits: tuple[Limit, ...] = ()
    max_length: int | None = None
    must_have_value: bool = False
    narrative_language: str = ""
    narrative_source: str = ""
    binding: Binding | None = None
    constraints: tuple[Constraint, ...] = ()
    slicing: Slicing | None = None
    slices: tuple["Element", ...] = ()
    children: Mapping[str, "Element"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """Where an extension may be used: ``element``, ``extension`` or ``fhirpath``, with its expression."""

    type: str
    expression: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A profile, as what it says beyond its type.

    Attributes:
        url: Canonical URL without version.
        version: Business version; empty when it has none.
        type: Type it constrains, ``Patient`` or ``Extension``.
        name: Title or computable name, for messages.
        root: What it says.
        contexts: Of an extension definition: where it may be used.
        context_invariants: Of an extension definition: FHIRPath that must be true of where it is used.
        is_modifier: Of an extension definition: whether it changes the meaning of what it is on.
    """

    url: str
    version: str
    type: str
    name: str
    root: Element
    contexts: tuple[Context, ...] = ()
    context_invariants: tuple[str, ...] = ()
    is_modifier: bool = False

    @property
    def canonical(self) -> str:
        """``url|version``, or the URL alone."""
        return f"{self.url}|{self.version}" if self.version else self.url


@dataclass(frozen=True, slots=True)
class Property:
    """What a JSON key of a node stands for."""

    element: Element
    type: TypeRule
    is_primitive: bool

    @property
    def is_bare(self) -> bool:
        """Whether it is a value alone, with neither id nor extensions: the id of anything, the url of an Extension."""
        return self.type.is_bare

    @property
    def is_pointer(self) -> bool:
        """Whether it is a canonical that may point at some types alone; what ``meta`` claims is told by itself."""
        return self.type.code == "canonical" and bool(self.type.targets) and self.element.id != "Meta.profile"


@dataclass(frozen=True, slots=True)
class Node:
    """A type of the specification, or a part of one that has elements of its own.

    Attributes:
        name: ``Patient``, ``Patient.contact``, ``HumanName``.
        kind: A logical model counts as complex.
        elements: By name, in the order of the definition.
        properties: By JSON key; ``valueQuantity`` and ``valueString`` are two keys of one element.
        required: Elements that must be there, with the JSON keys that will do.
        choices: Elements with several keys, of which one at most may be there.
        constraints: Invariants of the whole.
    """

    name: str
    kind: Kind
    elements: Mapping[str, Element]
    properties: Mapping[str, Property]
    required: tuple[tuple[Element, tuple[str, ...]], ...]
    choices: tuple[tuple[Element, tuple[str, ...]], ...]
    constraints: tuple[Constraint, ...]


def schema_json(part: Any) -> Any:
    """A schema, a node, or a part of one as plain JSON values; fields that say nothing are left out."""
    from dataclasses import fields, is_dataclass  # noqa: PLC0415  (for people who look at a schema, so never in haste)

    if is_dataclass(part):
        shown = {entry.name: schema_json(getattr(part, entry.name)) for entry in fields(part)}
        return {name: value for name, value in shown.items() if value not in (None, "", 0, False, [], {})}
    if isinstance(part, Mapping):
        return {key: schema_json(value) for key, value in part.items()}
    if isinstance(part, tuple | list):
        return [schema_json(value) for value in part]
    return part
