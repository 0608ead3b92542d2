"""Supplements: what another publisher adds to the concepts of a code system; never concepts of their own.

Source: FHIR R4, CodeSystem, "Code System Supplements".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from careloom.model import Resource
from careloom.model.records import dataclass, replace
from careloom.terminology.concept import Concept
from careloom.terminology.content import CodeSystemContent, code_system_content


@dataclass(frozen=True, slots=True)
class Supplement:
    """One supplement.

    Attributes:
        content: Its concepts, which hold what is added.
        language: Of its displays, as a BCP 47 tag; empty when not said.
        supplements: Canonical of the code system that it adds to.
    """

    content: CodeSystemContent
    language: str
    supplements: str


def read_supplement(code_system: Resource) -> Supplement:
    """Read a CodeSystem resource with ``content`` supplement."""
    return Supplement(
        code_system_content(code_system),
        str(code_system.get("language", "")),
        str(code_system.get("supplements", "")),
    )


@dataclass(frozen=True, slots=True)
class SupplementedContent:
    """A code system with supplements laid over it, as `careloom.terminology.content.CodeSystemContent`."""

    base: CodeSystemContent
    over: tuple[Supplement, ...]

    @property
    def url(self) -> str:
        """That of the code system."""
        return self.base.url

    @property
    def version(self) -> str:
        """That of the code system."""
        return self.base.version

    @property
    def title(self) -> str:
        """That of the code system."""
        return self.base.title

    @property
    def is_complete(self) -> bool:
        """That of the code system, since a supplement has no codes."""
        return self.base.is_complete

    @property
    def is_supplement(self) -> bool:
        """That of the code system."""
        return self.base.is_supplement

    @property
    def is_case_sensitive(self) -> bool:
        """That of the code system."""
        return self.base.is_case_sensitive

    @property
    def property_codes(self) -> frozenset[str]:
        """Those of the code system and of every supplement."""
        return self.base.property_codes.union(*(each.content.property_codes for each in self.over))

    def find(self, code: str) -> Concept | None:
        """The concept with what the supplements add; None where the code system has none."""
        concept = self.base.find(code)
        return self._supplemented(concept) if concept else None

    def concepts(self) -> Iterator[Concept]:
        """Every concept of the code system, with what the supplements add."""
        return map(self._supplemented, self.base.concepts())

    def descendants(self, code: str) -> Iterable[str]:
        """As the code system has them."""
        return self.base.descendants(code)

    def ancestors(self, code: str) -> Iterable[str]:
        """As the code system has them."""
        return self.base.ancestors(code)

    def below(self, code: str) -> Callable[[str], bool]:
        """As the code system has it."""
        return self.base.below(code)

    def _supplemented(self, concept: Concept) -> Concept:
        for supplement in self.over:
            added = supplement.content.find(concept.code)
            if added is not None:
                concept = _merged(concept, added, supplement.language)
        return concept


def _merged(concept: Concept, added: Concept, language: str) -> Concept:
    """A concept with what one supplement adds; its own display stays, another becomes a designation."""
    terms = [*_designations(concept), *_designations(added)]
    if added.display and concept.display and added.display != concept.display:
        terms.append({"language": language, "value": added.display} if language else {"value": added.display})
    detail: dict[str, Any] = {
        "designation": terms,
        "property": [{"code": one.code, one.type: one.value} for one in (*concept.properties, *added.properties)],
    }
    definition = concept.definition or added.definition
    return replace(
        concept,
        display=concept.display or added.display,
        is_inactive=concept.is_inactive or added.is_inactive,
        is_abstract=concept.is_abstract or added.is_abstract,
        detail=detail | ({"definition": definition} if definition else {}),
    )


def _designations(concept: Concept) -> Iterator[Mapping[str, Any]]:
    for term in concept.terms:
        said = {"language": term.language, "use": dict(term.use), "value": term.value}
        yield {key: value for key, value in said.items() if value}
