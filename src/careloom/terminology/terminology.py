"""Terminology in process: questions about codes, answered from the code systems and value sets of the definitions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.errors import NotFoundError, NotSupportedError, TooCostlyError
from careloom.terminology.content import CodeSystemContent, Concept, code_system_content
from careloom.terminology.formal import FORMAL_SYSTEMS
from careloom.terminology.membership import Code, Inclusion, Members, compile_value_set

MAX_CODES = 100_000
"""Codes in an expansion, above which it is refused."""


@dataclass(frozen=True, slots=True)
class CodeResult:
    """The answer to "is this code in that value set".

    Attributes:
        result: ``unknown`` when the value set is missing or draws on a code system without content here.
        message: Names the code and the value set; empty for ``in``.
        display: The term of the code, where one is known.
    """

    result: Literal["in", "out", "unknown"]
    message: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The codes of a value set.

    Attributes:
        url: Canonical URL of the value set.
        codes: As (system, code).
        displays: Term of each code that has one.
    """

    url: str
    codes: frozenset[Code]
    displays: Mapping[Code, str]


class Terminology:
    """Code systems and value sets of a set of definitions; what was compiled is kept."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._systems: dict[str, CodeSystemContent | None] = {}
        self._members: dict[str, Members | None] = {}

    def code_system(self, url: str) -> CodeSystemContent | None:
        """The content of a code system, ``url`` or ``url|version``; None when the definitions have none."""
        if url not in self._systems:
            found = self._definitions.find(url, "CodeSystem")
            self._systems[url] = code_system_content(found) if found else None
        return self._systems[url]

    def lookup(self, system: str, code: str) -> Concept | None:
        """The concept of a code, or None when the system or the code is not known here."""
        content = self.code_system(system)
        return content.find(code) if content else None

    def has_code(self, system: str, code: str) -> bool | None:
        """Whether a code system has a code; None when its content is not here."""
        if system in FORMAL_SYSTEMS:
            return FORMAL_SYSTEMS[system](code)
        content = self.code_system(system)
        if content is None:
            return None
        return True if content.find(code) else False if content.is_complete else None

    def members(self, value_set_url: str) -> Members | None:
        """A value set as a question; None when the definitions do not have it."""
        if value_set_url not in self._members:
            self._members[value_set_url] = None  # a value set that imports itself finds nothing there
            found = self._definitions.find(value_set_url, "ValueSet")
            self._members[value_set_url] = compile_value_set(found, self) if found else None
        return self._members[value_set_url]

    def validate_code(
        self, value_set_url: str, *, system: str | None, code: str, display: str | None = None
    ) -> CodeResult:
        """Whether a code is in a value set.

        Args:
            value_set_url: Canonical, with or without version.
            system: None for a plain ``code``, which takes its system from the value set.
            code: As written.
            display: Told back when the terminology knows no term of its own.
        """
        members = self.members(value_set_url)
        if members is None:
            return CodeResult("unknown", f"value set {value_set_url} is not in the loaded definitions")
        return self._validated(members, value_set_url, system, code, display)

    def validate_code_in(self, value_set: Resource, *, system: str | None, code: str) -> CodeResult:
        """Whether a code is in a value set that is given as a resource, as a contained one is."""
        return self._validated(compile_value_set(value_set, self), f"#{value_set.get('id', '')}", system, code, None)

    def _validated(
        self, members: Members, value_set_url: str, system: str | None, code: str, display: str | None
    ) -> CodeResult:
        answer = members.has(system, code)
        told = f"{system}#{code}" if system else code
        if answer is None:
            lacking = ", ".join(sorted(set(self._lacking(members)))) or "what it imports"
            return CodeResult("unknown", f"{told} cannot be checked against {value_set_url}: no content of {lacking}")
        if not answer:
            return CodeResult("out", f"{told} is not in {value_set_url}")
        concept = self.lookup(system, code) if system else None
        known = members.display(system, code) or (concept.display if concept else "")
        return CodeResult("in", display=known or display or "")

    def expand(self, value_set_url: str) -> Expansion:
        """List the codes of a value set.

        Raises:
            NotFoundError: The definitions do not have the value set.
            NotSupportedError: It draws on a code system whose codes cannot be listed here.
            TooCostlyError: More than `MAX_CODES` codes.

        Source: FHIR R4, ValueSet $expand.
        """
        members = self.members(value_set_url)
        if members is None:
            raise NotFoundError(f"value set {value_set_url} is not in the loaded definitions")
        displays: dict[Code, str] = {}
        for system, code, display in self._listed(members):
            if members.has(system, code):
                displays.setdefault((system, code), display)
            if len(displays) > MAX_CODES:
                raise TooCostlyError(f"value set {value_set_url} has more than {MAX_CODES} codes")
        shown = {code: display for code, display in displays.items() if display}
        return Expansion(value_set_url, frozenset(displays), shown)

    def _listed(self, members: Members) -> Iterator[tuple[str, str, str]]:
        """Every code that one of the inclusions names, before exclusions."""
        for inclusion in members.includes:
            if inclusion.codes is not None:
                for key, display in inclusion.codes.items():
                    concept = self.lookup(inclusion.system, key)
                    code = concept.code if concept else key
                    yield inclusion.system, code, display or (concept.display if concept else "")
            elif inclusion.system or not inclusion.imports:
                raise NotSupportedError(
                    f"value set {members.url}: the codes of {inclusion.system} cannot be listed here"
                )
            else:
                yield from self._listed_of_imports(members, inclusion)

    def _listed_of_imports(self, members: Members, inclusion: Inclusion) -> Iterator[tuple[str, str, str]]:
        for imported in inclusion.imports[:1]:  # imports intersect, so that the first lists all there can be
            if imported is None:
                raise NotSupportedError(f"value set {members.url} imports one that is not in the loaded definitions")
            yield from self._listed(imported)

    def _lacking(self, members: Members) -> Iterator[str]:
        for system in members.systems():
            content = self.code_system(system)
            if system not in FORMAL_SYSTEMS and not (content and content.is_complete):
                yield system
