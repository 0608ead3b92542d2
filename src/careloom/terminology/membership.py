"""Value sets compiled to a question: is this code in it?

The answer has three values. ``True`` and ``False`` are certain; ``None`` says that the value set draws on a code
system we hold no content of, so that nobody here can tell. An inclusion is in force when its code system and
every value set it imports agree; a value set is the union of its inclusions less its exclusions.

Source: FHIR R4, ValueSet, "Composition Rules".
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from careloom.model import Resource
from careloom.terminology.content import CodeSystemContent, Concept, objects
from careloom.terminology.formal import FORMAL_SYSTEMS

Truth = bool | None
Code = tuple[str, str]
"""(system, code)"""


class Library(Protocol):
    """Where a value set finds what it draws on."""

    def code_system(self, url: str) -> CodeSystemContent | None:
        """The content of a code system, ``url`` or ``url|version``."""
        ...

    def members(self, value_set_url: str) -> "Members | None":
        """Another value set, compiled."""
        ...


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One ``include`` or ``exclude``.

    Attributes:
        system: Code system URL; empty when it only imports value sets.
        codes: Code to display, where they are listed or computed; None when the question is open or formal.
        formal: The question to ask where the system is a grammar.
        imports: Value sets that must all agree; None in the place of one that is not there.
        folds_case: Whether codes are kept in lower case, since the system tells none apart by case.
    """

    system: str
    codes: Mapping[str, str] | None
    formal: Callable[[str], bool] | None
    imports: tuple["Members | None", ...]
    folds_case: bool = False

    def has(self, system: str | None, code: str) -> Truth:
        """Whether a code is in; without a system, whether it is in under this inclusion's own system."""
        if self.system and system is not None and system != self.system:
            return False
        answers = [self._in_system(code)] if self.system else []
        answers += [members.has(system, code) if members else None for members in self.imports]
        return all_of(answers)

    def _in_system(self, code: str) -> Truth:
        if self.codes is not None:
            return (code.lower() if self.folds_case else code) in self.codes
        return self.formal(code) if self.formal else None


@dataclass(frozen=True, slots=True)
class Members:
    """A value set as a question; `has` answers it."""

    url: str
    includes: tuple[Inclusion, ...]
    excludes: tuple[Inclusion, ...] = ()

    def has(self, system: str | None, code: str) -> Truth:
        """Whether a code is in the value set; None when that cannot be told here."""
        included = any_of([inclusion.has(system, code) for inclusion in self.includes])
        if not self.excludes or included is False:
            return included
        excluded = any_of([exclusion.has(system, code) for exclusion in self.excludes])
        return all_of([included, None if excluded is None else not excluded])

    def systems(self) -> Iterator[str]:
        """The code systems it draws on."""
        for inclusion in self.includes:
            if inclusion.system:
                yield inclusion.system
            for members in inclusion.imports:
                yield from members.systems() if members else ()

    def display(self, system: str | None, code: str) -> str:
        """The term that the value set itself gives to a code; empty when it gives none."""
        found = (
            inclusion.codes.get(code, "")
            for inclusion in self.includes
            if inclusion.codes is not None and system in (None, inclusion.system)
        )
        return next((display for display in found if display), "")


def compile_value_set(value_set: Resource, library: Library) -> Members:
    """Make a value set answer questions: from its ``compose``, or by its ``expansion`` where that is all there is."""
    url = str(value_set.get("url", ""))
    found = value_set.get("compose")
    compose = found if isinstance(found, dict) else {}
    includes = tuple(_inclusion(entry, library) for entry in objects(compose.get("include")))
    excludes = tuple(_inclusion(entry, library) for entry in objects(compose.get("exclude")))
    expanded = _expanded(value_set)
    if expanded and not all(map(is_computable, includes + excludes)):
        return Members(url, expanded)
    return Members(url, includes or expanded, excludes)


def is_computable(inclusion: Inclusion) -> bool:
    """Whether every question about this inclusion has an answer here."""
    own = not inclusion.system or inclusion.codes is not None or inclusion.formal is not None
    return own and all(
        members is not None and all(map(is_computable, members.includes + members.excludes))
        for members in inclusion.imports
    )


def any_of(answers: Sequence[Truth]) -> Truth:
    """True if one is, else None if one is, else False."""
    return True if True in answers else None if None in answers else False


def all_of(answers: Sequence[Truth]) -> Truth:
    """False if one is, else None if one is, else True."""
    return False if False in answers else None if None in answers else True


def _inclusion(entry: Mapping[str, Any], library: Library) -> Inclusion:
    system = str(entry.get("system", ""))
    canonical = f"{system}|{entry['version']}" if system and entry.get("version") else system
    imported = entry.get("valueSet")
    imports = tuple(library.members(str(url)) for url in (imported if isinstance(imported, list) else ()))
    if not system:
        return Inclusion("", None, None, imports)
    content = library.code_system(canonical)
    folds_case = content is not None and not content.is_case_sensitive
    return Inclusion(system, _codes(entry, content), _formal(entry, system), imports, folds_case)


def _formal(entry: Mapping[str, Any], system: str) -> Callable[[str], bool] | None:
    return None if entry.get("filter") else FORMAL_SYSTEMS.get(system)


def _codes(entry: Mapping[str, Any], content: CodeSystemContent | None) -> Mapping[str, str] | None:
    if entry.get("concept"):
        fold = str.lower if content and not content.is_case_sensitive else str
        listed = objects(entry["concept"])
        return {fold(str(concept.get("code", ""))): str(concept.get("display", "")) for concept in listed}
    if content is None or not content.is_complete:
        return None
    filters = list(objects(entry.get("filter")))
    if not all(map(_is_computable_filter, filters)):
        return None
    return {
        key: concept.display
        for key, concept in content.concepts.items()
        if all(_OPERATIONS[filter["op"]](content, concept, filter) for filter in filters)
    }


def _is_computable_filter(filter: Mapping[str, Any]) -> bool:
    """Whether we know the operation, and its pattern is one."""
    if filter.get("op") == "regex":
        try:
            re.compile(str(filter.get("value", "")))
        except re.error:
            return False
    return filter.get("op") in _OPERATIONS


def _expanded(value_set: Resource) -> tuple[Inclusion, ...]:
    """The expansion as inclusions, one a code system; nothing when it is only a page of the whole."""
    found = value_set.get("expansion")
    expansion = found if isinstance(found, dict) else {}
    by_system: dict[str, dict[str, str]] = {}
    count = 0
    for entry in _contained(expansion.get("contains")):
        count += 1
        if not entry.get("abstract"):
            by_system.setdefault(str(entry.get("system", "")), {})[str(entry["code"])] = str(entry.get("display", ""))
    total = expansion.get("total", count)
    if not isinstance(total, int) or total > count:
        return ()
    return tuple(Inclusion(system, codes, None, ()) for system, codes in by_system.items())


def _contained(entries: Any) -> Iterator[Mapping[str, Any]]:
    for entry in objects(entries):
        if "code" in entry:
            yield entry
        yield from _contained(entry.get("contains"))


# Filters. Source: FHIR R4, value set filter-operator.


def _is_a(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    return concept.code == filter.get("value") or _descends(content, concept, filter)


def _descends(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    return filter.get("value") in content.ancestors(concept.code)


def _generalizes(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    value = str(filter.get("value", ""))
    return concept.code == value or concept.code in content.ancestors(value)


def _values(concept: Concept, filter: Mapping[str, Any]) -> list[str]:
    """What a concept has for the property of a filter, as text."""
    name = filter.get("property")
    if name in ("code", "concept"):
        return [concept.code]
    if name == "display":
        return [concept.display]
    if name == "parent":
        return list(concept.parents)
    return [_text(value) for value in concept.properties.get(str(name), ())]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    return _text(filter.get("value", "")) in _values(concept, filter)


def _matches(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    pattern = str(filter.get("value", ""))
    return any(re.fullmatch(pattern, value) for value in _values(concept, filter))


def _is_in(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    listed = {value.strip() for value in str(filter.get("value", "")).split(",")}
    return not listed.isdisjoint(_values(concept, filter))


def _exists(content: CodeSystemContent, concept: Concept, filter: Mapping[str, Any]) -> bool:
    return bool(_values(concept, filter)) == (_text(filter.get("value")) == "true")


_OPERATIONS: Mapping[str, Callable[[CodeSystemContent, Concept, Mapping[str, Any]], bool]] = {
    "=": _equals,
    "is-a": _is_a,
    "descendent-of": _descends,
    "is-not-a": lambda content, concept, filter: not _is_a(content, concept, filter),
    "regex": _matches,
    "in": _is_in,
    "not-in": lambda content, concept, filter: not _is_in(content, concept, filter),
    "generalizes": _generalizes,
    "exists": _exists,
}
