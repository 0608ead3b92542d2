"""A code system that is a grammar: whether a text is one of its codes is computed, and nobody can list them."""

from collections.abc import Callable, Iterator, Mapping

from careloom.model.errors import NotSupportedError
from careloom.model.records import dataclass, field
from careloom.terminology.concept import Concept


@dataclass(frozen=True)
class GrammarContent:
    """A code system by its grammar, as `careloom.terminology.content.CodeSystemContent`.

    Attributes:
        url: Canonical URL.
        title: For people.
        accepts: Whether a text is a code.
        parts: What a code is made of, as property to value, for filters; nothing by default.
        property_codes: The properties that ``parts`` may give.
        is_case_sensitive: Whether case matters in codes.
    """

    url: str
    title: str
    accepts: Callable[[str], bool]
    parts: Callable[[str], Mapping[str, str]] = field(default=lambda code: {})
    property_codes: frozenset[str] = frozenset()
    is_case_sensitive: bool = True
    version: str = ""
    is_complete: bool = True
    is_supplement: bool = False

    def find(self, code: str) -> Concept | None:
        """A concept without display for a text that the grammar accepts."""
        if not self.accepts(code):
            return None
        properties = [{"code": name, "valueString": value} for name, value in self.parts(code).items()]
        return Concept(code, detail={"property": properties})

    def concepts(self) -> Iterator[Concept]:
        """Refused: there is no end of them.

        Raises:
            NotSupportedError: Always.
        """
        raise NotSupportedError(f"the codes of {self.url} cannot be listed: a grammar makes them")

    def descendants(self, code: str) -> tuple[str, ...]:
        """None: a grammar has no hierarchy."""
        return ()

    def ancestors(self, code: str) -> tuple[str, ...]:
        """None: a grammar has no hierarchy."""
        return ()

    def below(self, code: str) -> Callable[[str], bool]:
        """The question whether another code is below this one: never."""
        return lambda other: False
