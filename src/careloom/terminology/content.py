"""What is known of a code system: its concepts, and who is above whom.

`CodeSystemContent` is the interface; a CodeSystem resource in memory, a table on disk (`careloom.terminology.stored`)
and a grammar (`careloom.terminology.formal`) all answer it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol

from careloom.model import Resource
from careloom.terminology.concept import Concept, StandardProperties, objects, read_properties


class CodeSystemContent(Protocol):
    """A code system that can be asked."""

    @property
    def url(self) -> str:
        """Canonical URL without version."""

    @property
    def version(self) -> str:
        """Business version; empty when it has none."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def is_complete(self) -> bool:
        """Whether a code that is not found does not exist."""

    @property
    def is_supplement(self) -> bool:
        """Whether it only adds to another code system and has no codes of its own."""

    @property
    def is_case_sensitive(self) -> bool:
        """Whether ``m`` and ``M`` are two codes."""

    @property
    def property_codes(self) -> frozenset[str]:
        """The properties that are declared or that some concept has."""

    def find(self, code: str) -> Concept | None:
        """The concept of a code, or None."""

    def concepts(self) -> Iterator[Concept]:
        """Every concept, in the order of the code system.

        Raises:
            NotSupportedError: They cannot be listed, since a grammar makes them.
        """

    def descendants(self, code: str) -> Iterable[str]:
        """The codes below a code at any depth, itself not included."""

    def ancestors(self, code: str) -> Iterable[str]:
        """The codes above a code at any depth, itself not included."""

    def below(self, code: str) -> Callable[[str], bool]:
        """The question whether another code, as the system writes it, is below this one."""


class MemoryContent:
    """A code system in memory; its hierarchy may have several parents a concept, and loops do no harm."""

    def __init__(
        self,
        url: str,
        version: str,
        title: str,
        concepts: Mapping[str, Concept],
        *,
        is_complete: bool = True,
        is_supplement: bool = False,
        is_case_sensitive: bool = True,
        declared: Iterable[str] = (),
    ) -> None:
        self.url = url
        self.version = version
        self.title = title
        self.is_complete = is_complete
        self.is_supplement = is_supplement
        self.is_case_sensitive = is_case_sensitive
        self._concepts = concepts
        self._declared = frozenset(declared)
        self._descendants: dict[str, Collection[str]] = {}

    def find(self, code: str) -> Concept | None:
        """The concept of a code, or None."""
        return self._concepts.get(code if self.is_case_sensitive else code.lower())

    def concepts(self) -> Iterator[Concept]:
        """Every concept, in document order."""
        return iter(self._concepts.values())

    def descendants(self, code: str) -> Collection[str]:
        """The codes below a code at any depth, nearest first."""
        if code not in self._descendants:
            self._descendants[code] = _reached(code, lambda each: self._children.get(each, ()))
        return self._descendants[code]

    def ancestors(self, code: str) -> Collection[str]:
        """The codes above a code at any depth, nearest first."""
        return _reached(code, self._parents)

    def below(self, code: str) -> Callable[[str], bool]:
        """The question whether another code is below this one."""
        return self.descendants(code).__contains__

    @cached_property
    def property_codes(self) -> frozenset[str]:
        """The properties that are declared or that some concept has."""
        return self._declared.union(one.code for concept in self.concepts() for one in concept.properties)

    def _parents(self, code: str) -> tuple[str, ...]:
        concept = self.find(code)
        return concept.parents if concept else ()

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for concept in self.concepts():
            for parent in concept.parents:
                above = self.find(parent)
                found.setdefault(above.code if above else parent, []).append(concept.code)
        return found


def code_system_content(code_system: Resource) -> MemoryContent:
    """Read a CodeSystem resource; concepts without a code are left out."""
    is_case_sensitive = code_system.get("caseSensitive") is not False
    names = StandardProperties.declared(code_system.get("property"))
    raised = list(_with_parents(code_system.get("concept"), None))
    from_above = _links_from_above(raised, names)
    concepts = [_concept(raw, (parent, *from_above.get(raw["code"], ())), names) for raw, parent in raised]
    return MemoryContent(
        url=str(code_system.get("url", "")),
        version=str(code_system.get("version", "")),
        title=str(code_system.get("title") or code_system.get("name") or ""),
        concepts={concept.code if is_case_sensitive else concept.code.lower(): concept for concept in concepts},
        is_complete=code_system.get("content") == "complete" and bool(concepts),
        is_supplement=code_system.get("content") == "supplement" or "supplements" in code_system,
        is_case_sensitive=is_case_sensitive,
        declared=[str(entry.get("code")) for entry in objects(code_system.get("property"))],
    )


def _with_parents(concepts: Any, parent: str | None) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    for concept in objects(concepts):
        code = concept.get("code")
        if isinstance(code, str):
            yield concept, parent
            yield from _with_parents(concept.get("concept"), code)


def _links_from_above(
    raised: Iterable[tuple[Mapping[str, Any], str | None]], names: StandardProperties
) -> Mapping[str, list[str]]:
    """Parents that are told by the parent, in its property ``child``."""
    found: dict[str, list[str]] = {}
    for raw, _ in raised:
        for one in read_properties(raw.get("property")):
            if one.code in names.child:
                found.setdefault(one.texts()[0], []).append(raw["code"])
    return found


def _concept(raw: Mapping[str, Any], above: Iterable[str | None], names: StandardProperties) -> Concept:
    properties = list(read_properties(raw.get("property")))
    told = [one.texts()[0] for one in properties if one.code in names.parent]
    display = raw.get("display")
    return Concept(
        code=raw["code"],
        display=display if isinstance(display, str) else "",
        parents=tuple(dict.fromkeys(parent for parent in (*above, *told) if parent is not None)),
        is_inactive=any(names.is_inactive(one.code, one.value) for one in properties),
        is_abstract=any(names.is_abstract(one.code, one.value) for one in properties),
        detail=raw,
    )


def _reached(code: str, step: Callable[[str], Iterable[str]]) -> Collection[str]:
    """Every code that is reached from one by steps, nearest first; that one is only there when there is a loop."""
    found: dict[str, None] = {}
    pending = [code]
    for here in pending:  # grows while it is read
        for each in step(here):
            if each not in found:
                found[each] = None
                pending.append(each)
    return found.keys()
