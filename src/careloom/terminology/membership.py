"""Value sets compiled to a question: is this code in it?

The answer has three values. ``True`` and ``False`` are certain; ``None`` says that the value set draws on a code
system we hold no content of, or asks for something that cannot be told from it, so that nobody here knows. An
inclusion is in force when its code system and every value set it imports agree; a value set is the union of its
inclusions less its exclusions.

Source: FHIR R4, ValueSet, "Composition Rules".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from careloom.model import Resource
from careloom.model.errors import NotFoundError, NotSupportedError, TooCostlyError
from careloom.model.records import dataclass
from careloom.terminology.concept import Concept, Designation, objects, read_designations
from careloom.terminology.content import CodeSystemContent
from careloom.terminology.filters import Filter, Test, compile_filter
from careloom.terminology.versions import ANY_VERSION, SystemVersions

Truth = bool | None
Code = tuple[str, str]
"""(system, code)"""


class Library(Protocol):
    """Where a value set finds what it draws on."""

    def code_system(self, url: str, supplements: tuple[str, ...] = ()) -> CodeSystemContent | None:
        """The content of a code system, ``url`` or ``url|version``, with supplements by their canonicals."""

    def members(self, value_set_url: str, versions: SystemVersions) -> "Members | None":
        """Another value set, compiled."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a value set says itself about a code that it lists."""

    code: str
    display: str = ""
    terms: tuple[Designation, ...] = ()
    is_inactive: bool = False
    is_abstract: bool = False


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One ``include`` or ``exclude``.

    Attributes:
        system: Code system URL; empty when it only imports value sets.
        version: The version that is drawn on, as far as one is asked for.
        content: The code system; None when it is not here.
        listed: What is listed by code, or in lower case where case does not matter; None when nothing is listed.
        filters: As written.
        tests: One for each filter; None where one cannot be asked here.
        imports: Value sets that must all agree; None in the place of one that is not there.
        active_only: Whether codes that the system has withdrawn are left out.
        lacks: What keeps it from answering; empty when nothing does.
    """

    system: str
    version: str = ""
    content: CodeSystemContent | None = None
    listed: Mapping[str, Listed] | None = None
    filters: tuple[Filter, ...] = ()
    tests: tuple[Test, ...] | None = ()
    imports: tuple["Members | None", ...] = ()
    active_only: bool = False
    lacks: str = ""

    def has(self, system: str | None, code: str) -> Truth:
        """Whether a code is in; without a system, whether it is in under this inclusion's own system."""
        if self.system and system is not None and system != self.system:
            return False
        if not self.imports:
            return self._in_system(code)
        answers = [self._in_system(code)] if self.system else []
        answers += [members.has(system, code) if members else None for members in self.imports]
        return all_of(answers)

    def key(self, code: str) -> str:
        """A code as `listed` has it."""
        return code.lower() if self.content is not None and not self.content.is_case_sensitive else code

    def _in_system(self, code: str) -> Truth:
        if self.listed is not None:
            return self.key(code) in self.listed and not (self.active_only and self._is_withdrawn(code))
        if self.content is None or self.tests is None:
            return None
        concept = self.content.find(code)
        if concept is None:
            return False if self.content.is_complete else None
        return self._selects(concept, self.tests, self.content.is_complete)

    def _selects(self, concept: Concept, tests: Sequence[Test], is_complete: bool) -> Truth:
        if self.active_only and concept.is_inactive:
            return False
        try:
            is_selected = all(test(concept) for test in tests)
        except TooCostlyError:
            return None
        return is_selected if is_complete or not tests else None

    def _is_withdrawn(self, code: str) -> bool:
        concept = self.content.find(code) if self.content else None
        return concept is not None and concept.is_inactive


@dataclass(frozen=True, slots=True)
class Members:
    """A value set as a question; `has` answers it."""

    url: str
    includes: tuple[Inclusion, ...]
    excludes: tuple[Inclusion, ...] = ()
    version: str = ""

    def has(self, system: str | None, code: str) -> Truth:
        """Whether a code is in the value set; None when that cannot be told here."""
        included = any_of([inclusion.has(system, code) for inclusion in self.includes])
        if not self.excludes or included is False:
            return included
        excluded = self.leaves_out(system, code)
        return all_of([included, None if excluded is None else not excluded])

    def leaves_out(self, system: str | None, code: str) -> Truth:
        """Whether one of the exclusions takes a code away."""
        return any_of([exclusion.has(system, code) for exclusion in self.excludes])

    def lacks(self) -> Iterator[str]:
        """What keeps it from answering every question, each in words."""
        for inclusion in (*self.includes, *self.excludes):
            if inclusion.lacks:
                yield inclusion.lacks
            for members in inclusion.imports:
                yield from members.lacks() if members else ()

    def inclusion_of(self, system: str | None, code: str) -> Inclusion | None:
        """The inclusion with a code system of its own that a code is in by, imports searched too."""
        for inclusion in self.includes:
            if inclusion.system and inclusion.has(system, code):
                return inclusion
            for members in inclusion.imports:
                found = members.inclusion_of(system, code) if members else None
                if found is not None:
                    return found
        return None

    def listed(self, system: str | None, code: str) -> Listed | None:
        """What the value set itself says about a code."""
        for inclusion in self.includes:
            if inclusion.listed is not None and system in (None, inclusion.system):
                found = inclusion.listed.get(inclusion.key(code))
                if found is not None:
                    return found
        return None


def compile_value_set(
    value_set: Resource, library: Library, versions: SystemVersions = ANY_VERSION, supplements: Sequence[str] = ()
) -> Members:
    """Make a value set answer questions: from its ``compose``, or by its ``expansion`` where that is all there is.

    Args:
        value_set: ValueSet as parsed JSON.
        library: Where it finds what it draws on.
        versions: Which versions of code systems are asked for.
        supplements: Canonicals of supplements to use, besides those that the value set asks for.

    Raises:
        InvalidError: It draws on another version of a code system than the caller insists on.
    """
    compose = value_set.get("compose")
    compose = compose if isinstance(compose, dict) else {}
    wanted = (*supplements, *_supplements(value_set))
    compiler = _Compiler(library, versions, tuple(dict.fromkeys(wanted)), compose.get("inactive") is False)
    includes = tuple(map(compiler.inclusion, objects(compose.get("include"))))
    excludes = tuple(map(compiler.inclusion, objects(compose.get("exclude"))))
    names = str(value_set.get("url", "")), str(value_set.get("version", ""))
    expanded = _expanded(value_set)
    if expanded and not all(map(is_computable, includes + excludes)):
        return Members(names[0], expanded, version=names[1])
    return Members(names[0], includes or expanded, excludes, names[1])


def imported_value_sets(entry: Mapping[str, Any]) -> list[str]:
    """The canonicals of the value sets that an inclusion imports."""
    named = entry.get("valueSet")
    return [url for url in named if isinstance(url, str)] if isinstance(named, list) else []


def is_computable(inclusion: Inclusion) -> bool:
    """Whether every question about this inclusion has an answer here."""
    return not inclusion.lacks and all(
        members is not None and all(map(is_computable, members.includes + members.excludes))
        for members in inclusion.imports
    )


def any_of(answers: Sequence[Truth]) -> Truth:
    """True if one is, else None if one is, else False."""
    return True if True in answers else None if None in answers else False


def all_of(answers: Sequence[Truth]) -> Truth:
    """False if one is, else None if one is, else True."""
    return False if False in answers else None if None in answers else True


@dataclass(frozen=True, slots=True)
class _Compiler:
    """What all inclusions of one value set have in common."""

    library: Library
    versions: SystemVersions
    supplements: tuple[str, ...]
    active_only: bool

    def inclusion(self, entry: Mapping[str, Any]) -> Inclusion:
        urls = imported_value_sets(entry)
        imports = tuple(self.library.members(url, self.versions) for url in urls)
        missing = [url for url, members in zip(urls, imports, strict=True) if members is None]
        lacks = f"value set {', '.join(missing)}" if missing else ""
        system = str(entry.get("system", ""))
        if not system:
            return Inclusion("", imports=imports, lacks=lacks)
        canonical = self.versions.canonical(system, str(entry.get("version", "")))
        content, no_content = self._content(canonical)
        listed = _listed(entry, content)
        filters = tuple(objects(entry.get("filter")))
        tests, no_tests = self._tests(canonical, filters, content) if listed is None else ((), "")
        return Inclusion(
            system,
            canonical.partition("|")[2],
            content,
            listed,
            filters,
            tests,
            imports,
            self.active_only,
            no_content or no_tests or lacks,
        )

    def _content(self, canonical: str) -> tuple[CodeSystemContent | None, str]:
        """The code system with the supplements that are asked for, or what keeps it from being used."""
        try:
            return self.library.code_system(canonical, self.supplements), ""
        except NotFoundError as error:
            return None, f"supplement: {error}"

    def _tests(
        self, canonical: str, filters: Sequence[Filter], content: CodeSystemContent | None
    ) -> tuple[tuple[Test, ...] | None, str]:
        """The tests of filters, and what keeps them from being asked."""
        if content is None or content.is_supplement:
            return None, f"content of {canonical}"
        try:
            tests = tuple(compile_filter(filter, content) for filter in filters)
        except (NotSupportedError, TooCostlyError) as error:
            return None, f"an answer from {canonical}: {error}"
        return tests, "" if content.is_complete else f"complete content of {canonical}"


def _listed(entry: Mapping[str, Any], content: CodeSystemContent | None) -> Mapping[str, Listed] | None:
    concepts = list(objects(entry.get("concept")))
    if not concepts:
        return None
    fold = str.lower if content and not content.is_case_sensitive else str
    return {
        fold(concept["code"]): Listed(
            concept["code"], str(concept.get("display", "")), tuple(read_designations(concept.get("designation")))
        )
        for concept in concepts
        if isinstance(concept.get("code"), str)
    }


_SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"


def _supplements(value_set: Resource) -> Iterator[str]:
    """The supplements that a value set says it needs, by the extension for it."""
    for extension in objects(value_set.get("extension")):
        if extension.get("url") == _SUPPLEMENT and isinstance(extension.get("valueCanonical"), str):
            yield extension["valueCanonical"]


def page_of_expansion(value_set: Resource) -> tuple[Members, int]:
    """The codes that an expansion has, as a value set, and how many there are with other pages."""
    expansion = value_set.get("expansion")
    inclusions, count = _contents(expansion)
    total = expansion.get("total") if isinstance(expansion, dict) else None
    return Members(str(value_set.get("url", "")), inclusions), total if isinstance(total, int) else count


def _expanded(value_set: Resource) -> tuple[Inclusion, ...]:
    """The expansion as inclusions, one a code system; nothing when it is only a page of the whole."""
    expansion = value_set.get("expansion")
    inclusions, count = _contents(expansion)
    total = expansion.get("total", count) if isinstance(expansion, dict) else count
    return inclusions if isinstance(total, int) and total <= count else ()


def _contents(expansion: Any) -> tuple[tuple[Inclusion, ...], int]:
    """The codes of an expansion as inclusions, one a code system, and how many entries there are."""
    by_system: dict[str, dict[str, Listed]] = {}
    count = 0
    for entry in _contained(expansion.get("contains") if isinstance(expansion, dict) else None):
        count += 1
        if not entry.get("abstract"):
            by_system.setdefault(str(entry.get("system", "")), {})[entry["code"]] = Listed(
                entry["code"],
                str(entry.get("display", "")),
                tuple(read_designations(entry.get("designation"))),
                is_inactive=entry.get("inactive") is True,
            )
    return tuple(Inclusion(system, listed=codes) for system, codes in by_system.items()), count


def _contained(entries: Any) -> Iterator[Mapping[str, Any]]:
    for entry in objects(entries):
        if isinstance(entry.get("code"), str):
            yield entry
        yield from _contained(entry.get("contains"))
