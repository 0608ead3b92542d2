"""One search parameter as it applies to one resource type, and the ways to its values."""

from typing import Literal

from careloom.fhirpath import Expression
from careloom.model.records import dataclass
from careloom.search.expressions import Branch
from careloom.search.operands import Kind
from careloom.search.walking import Walk

State = Literal["active", "indexing", "retired", "broken"]
"""Whether a parameter is found by: ``indexing`` while the values of what is held are still being worked out,
``broken`` when its definition cannot be understood."""

FULL_TEXT = frozenset({"_text", "_content"})
"""Parameters that look at words; R4 gives them no expression."""


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One parameter as it applies to one resource type.

    Attributes:
        code: What clients write.
        kind: SearchParameter.type.
        url: Canonical URL of the definition.
        branches: Where the values are; empty where the definition has no expression, as for ``_content``.
        targets: Concrete resource types a reference may lead to; empty for other kinds.
        folded: Whether tokens are compared without regard to case, since the element is a plain string.
        components: The parts of a composite, whose branches begin at an element of the composite.
        is_canonical: Whether a reference parameter leads by canonical URLs, and never by ``Type/id``.
        state: Whether it is found by.
        fault: What is wrong with a broken one.
    """

    code: str
    kind: Kind
    url: str
    branches: tuple[Branch, ...]
    targets: tuple[str, ...] = ()
    folded: bool = False
    components: tuple["SearchParameter", ...] = ()
    is_canonical: bool = False
    state: State = "active"
    fault: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it looks at the words of a resource."""
        return self.code in FULL_TEXT and not self.branches

    @property
    def is_searchable(self) -> bool:
        """Whether Careloom finds by it now."""
        return self.state == "active" and (bool(self.branches) or self.is_text)

    @property
    def is_indexed(self) -> bool:
        """Whether its values are kept, be it that they are still being worked out."""
        return self.state in ("active", "indexing") and (bool(self.branches) or self.is_text)

    @property
    def is_sortable(self) -> bool:
        """Whether matches can be sorted by it."""
        return self.is_searchable and not self.is_text and self.kind not in ("composite", "special")


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a resource to values of a parameter.

    Attributes:
        expression: Gives the elements.
        walk: Gives the same quickly, where it is a plain path.
        keys: JSON keys of what it begins at, without any of which there are none; empty where that is not known.
        target: Resource type that a reference must lead to; empty for any.
        system: Code system of ``code`` elements; None where it is not known.
        is_name: Whether the texts are part of a person's name, found by each of their words.
        components: For a composite, the ways from each of its elements to the values of each part.
    """

    expression: Expression
    walk: Walk | None = None
    keys: frozenset[str] = frozenset()
    target: str = ""
    system: str | None = None
    is_name: bool = False
    components: tuple["Path", ...] = ()
