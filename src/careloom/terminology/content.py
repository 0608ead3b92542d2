"""Code systems in memory: concepts by code, with their place in the hierarchy."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from careloom.model import Resource


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of a code system.

    Attributes:
        code: As the code system writes it.
        display: The preferred term; empty when the system has none.
        designations: Other terms that are right to show.
        parents: Codes directly above: nesting, and ``parent`` / ``subsumedBy`` properties.
        properties: Property code to its values, as plain JSON values (a Coding as its code).
    """

    code: str
    display: str = ""
    designations: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    properties: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodeSystemContent:
    """What a CodeSystem resource holds.

    Attributes:
        url: Canonical URL without version.
        version: Business version; empty when it has none.
        concepts: By code, in document order; keys are lower case where case does not matter.
        is_complete: Whether a code that is not among them does not exist.
        is_supplement: Whether it only adds to another code system and has no codes of its own.
        is_case_sensitive: Whether ``m`` and ``M`` are two codes.
    """

    url: str
    version: str
    concepts: Mapping[str, Concept]
    is_complete: bool
    is_supplement: bool = False
    is_case_sensitive: bool = True

    def find(self, code: str) -> Concept | None:
        """The concept of a code, or None."""
        return self.concepts.get(code if self.is_case_sensitive else code.lower())

    def ancestors(self, code: str) -> set[str]:
        """All codes above a code, itself not included unless the hierarchy has a loop."""
        found: set[str] = set()
        pending = [code]
        while pending:
            concept = self.find(pending.pop())
            above = set(concept.parents) - found if concept else set()
            found |= above
            pending.extend(above)
        return found


def code_system_content(code_system: Resource) -> CodeSystemContent:
    """Read a CodeSystem resource; concepts without a code are left out."""
    is_case_sensitive = code_system.get("caseSensitive") is not False
    concepts = list(_concepts(code_system.get("concept"), ()))
    return CodeSystemContent(
        url=str(code_system.get("url", "")),
        version=str(code_system.get("version", "")),
        concepts={concept.code if is_case_sensitive else concept.code.lower(): concept for concept in concepts},
        is_complete=code_system.get("content") == "complete" and bool(concepts),
        is_supplement=code_system.get("content") == "supplement" or "supplements" in code_system,
        is_case_sensitive=is_case_sensitive,
    )


def _concepts(concepts: Any, parents: tuple[str, ...]) -> Iterator[Concept]:
    for concept in objects(concepts):
        code = concept.get("code")
        if not isinstance(code, str):
            continue
        properties = dict(_properties(concept))
        above = [*parents, *(properties.get("parent", ())), *(properties.get("subsumedBy", ()))]
        terms = (term.get("value") for term in objects(concept.get("designation")))
        yield Concept(
            code=code,
            display=str(concept.get("display", "")),
            designations=tuple(term for term in terms if isinstance(term, str)),
            parents=tuple(dict.fromkeys(parent for parent in above if isinstance(parent, str))),
            properties=properties,
        )
        yield from _concepts(concept.get("concept"), (code,))


def _properties(concept: Mapping[str, Any]) -> Iterable[tuple[str, tuple[Any, ...]]]:
    found: dict[str, tuple[Any, ...]] = {}
    for entry in objects(concept.get("property")):
        code = entry.get("code")
        for key, value in entry.items():
            if key.startswith("value") and isinstance(code, str):
                plain = value.get("code") if isinstance(value, dict) else value
                found[code] = (*found.get(code, ()), plain)
    return found.items()


def objects(items: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, whatever it is that stands in its place."""
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
