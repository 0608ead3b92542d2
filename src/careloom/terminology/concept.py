"""A concept of a code system, as a thin view of what FHIR writes about it.

What every question needs (code, display, parents, status) is read once; designations and properties are read from
the concept's JSON when somebody asks, since a code system may have 400,000 of them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from careloom.model.records import dataclass, field

PROPERTY_URI = "http://hl7.org/fhir/concept-properties#"
"""Start of the URIs by which a code system says that a property of its own is one of the standard ones."""

_RETIRED = frozenset({"inactive", "retired"})


@dataclass(frozen=True, slots=True)
class Designation:
    """A term for a concept beside its display.

    Attributes:
        value: The term.
        language: BCP 47 tag; empty when not said.
        use: What it is for, as a Coding; empty when not said.
    """

    value: str
    language: str = ""
    use: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Property:
    """One value that a concept has for a property.

    Attributes:
        code: Which property.
        type: The JSON key of the value: ``valueCode``, ``valueString`` …
        value: Plain JSON value; a Coding as an object.
    """

    code: str
    type: str
    value: Any

    def texts(self) -> tuple[str, ...]:
        """The value as filters write it; a Coding both as its code alone and as ``system#code``."""
        if isinstance(self.value, dict):
            code = str(self.value.get("code", ""))
            return code, f"{self.value.get('system', '')}#{code}"
        return (text_of(self.value),)


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of a code system.

    Attributes:
        code: As the code system writes it.
        display: The preferred term; empty when the system has none.
        parents: Codes directly above: nesting, and the properties ``parent``, ``subsumedBy`` and ``child``.
        is_inactive: Whether the code system has withdrawn it.
        is_abstract: Whether it only groups others and should not be recorded.
        detail: The rest as in ``CodeSystem.concept``: ``definition``, ``designation``, ``property``;
            an object, or what gives it when it is asked for.
    """

    code: str
    display: str = ""
    parents: tuple[str, ...] = ()
    is_inactive: bool = False
    is_abstract: bool = False
    detail: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def definition(self) -> str:
        """What the code means, in words; empty when the system does not say."""
        return str(self._read().get("definition", ""))

    @property
    def terms(self) -> tuple[Designation, ...]:
        """The designations, in the order of the code system."""
        return tuple(read_designations(self._read().get("designation")))

    @property
    def designations(self) -> tuple[str, ...]:
        """The texts of the designations: other terms that are right to show."""
        return tuple(term.value for term in self.terms)

    @property
    def properties(self) -> tuple[Property, ...]:
        """Every value of every property."""
        return tuple(read_properties(self._read().get("property")))

    def values(self, property: str) -> tuple[str, ...]:
        """The values of one property as text."""
        return tuple(text for one in self.properties if one.code == property for text in one.texts())

    def _read(self) -> Mapping[str, Any]:
        return self.detail() if callable(self.detail) else self.detail


@dataclass(frozen=True, slots=True)
class StandardProperties:
    """What a code system calls the standard properties; by default by their own names."""

    inactive: frozenset[str] = frozenset({"inactive"})
    not_selectable: frozenset[str] = frozenset({"notSelectable", "abstract"})
    status: frozenset[str] = frozenset({"status"})
    parent: frozenset[str] = frozenset({"parent", "subsumedBy"})
    child: frozenset[str] = frozenset({"child"})

    @classmethod
    def declared(cls, properties: Any) -> "StandardProperties":
        """The names after what ``CodeSystem.property`` declares by URI."""
        names: dict[str, set[str]] = {}
        for entry in objects(properties):
            uri, code = str(entry.get("uri", "")), entry.get("code")
            if uri.startswith(PROPERTY_URI) and isinstance(code, str):
                names.setdefault(uri.removeprefix(PROPERTY_URI), set()).add(code)
        base = cls()
        return cls(
            base.inactive | names.get("inactive", set()),
            base.not_selectable | names.get("notSelectable", set()),
            base.status | names.get("status", set()),
            base.parent | names.get("parent", set()) | names.get("subsumedBy", set()),
            base.child | names.get("child", set()),
        )

    def is_inactive(self, property: str, value: Any) -> bool:
        """Whether this value of this property says that the concept is withdrawn."""
        return (property in self.inactive and value is True) or (property in self.status and str(value) in _RETIRED)

    def is_abstract(self, property: str, value: Any) -> bool:
        """Whether this value of this property says that the concept only groups others."""
        return property in self.not_selectable and value is True


def read_designations(designations: Any) -> Iterator[Designation]:
    """The designations of a concept; those without a text are left out."""
    for entry in objects(designations):
        if isinstance(entry.get("value"), str):
            use = entry.get("use")
            yield Designation(entry["value"], str(entry.get("language", "")), use if isinstance(use, dict) else {})


def read_properties(properties: Any) -> Iterator[Property]:
    """The properties of a concept; those without code or value are left out."""
    for entry in objects(properties):
        code = entry.get("code")
        for key, value in entry.items():
            if key.startswith("value") and isinstance(code, str):
                yield Property(code, key, value)


def text_of(value: Any) -> str:
    """A primitive value as FHIR writes it in text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def objects(items: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list that came from outside; nothing where it is no list."""
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
