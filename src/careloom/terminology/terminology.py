"""Terminology in process: questions about codes, answered from the code systems and value sets of the definitions.

What the definitions cannot answer may be asked of a store of large code systems, and then of a remote server; both
are handed in, and neither is there by default.
"""

from collections.abc import Iterable, Iterator, Sequence
from threading import get_ident

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.errors import NotFoundError, NotSupportedError
from careloom.model.records import dataclass, replace
from careloom.terminology.concept import Concept, objects
from careloom.terminology.content import CodeSystemContent, code_system_content
from careloom.terminology.displays import display_of, is_right_display
from careloom.terminology.expansion import MAX_CODES, WHOLE, Expansion, ExpansionRequest
from careloom.terminology.expansion import expand as expand_members
from careloom.terminology.formal import formal_content
from careloom.terminology.implicit import implicit_value_set
from careloom.terminology.membership import Members, compile_value_set, imported_value_sets, page_of_expansion
from careloom.terminology.ports import CodeSystems, RemoteTerminology
from careloom.terminology.results import CodeResult, how_to_supply
from careloom.terminology.supplements import Supplement, SupplementedContent, read_supplement
from careloom.terminology.versions import ANY_VERSION, SystemVersions, is_version

MAX_MEMORY = 50_000
"""Answers that are remembered; when there are more, all are forgotten."""


class Terminology:
    """Code systems and value sets of a set of definitions; what was compiled is kept.

    Args:
        definitions: Where CodeSystem, ValueSet and ConceptMap resources are found.
        store: Large code systems beside those of the definitions.
        remote: Asked when nothing here knows.
        supplements: Canonicals of code system supplements that are always in use; others are used where a value set
            or a caller asks for them.
        max_codes: Codes in an expansion, above which it is refused.

    Raises:
        NotFoundError: One of the supplements is not in the definitions.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        store: CodeSystems | None = None,
        remote: RemoteTerminology | None = None,
        supplements: Iterable[str] = (),
        max_codes: int = MAX_CODES,
    ) -> None:
        self.definitions = definitions
        self._store = store
        self._remote = remote
        self._supplements = tuple(supplements)
        for canonical in self._supplements:
            definitions.require(canonical, "CodeSystem", asked_by="the terminology, which is to use it always")
        self._max_codes = max_codes
        self._systems: dict[tuple[str, tuple[str, ...]], CodeSystemContent | None] = {}
        self._members: dict[tuple[str, SystemVersions], Members | None] = {}
        self._compiling: set[tuple[int, str, SystemVersions]] = set()
        self._answers: dict[tuple[str, str | None, str], CodeResult] = {}

    def with_resources(self, resources: Iterable[Resource]) -> "Terminology":
        """Another terminology, with resources on top of the definitions and the same sources behind them."""
        return Terminology(
            self.definitions.with_resources(resources),
            store=self._store,
            remote=self._remote,
            supplements=self._supplements,
            max_codes=self._max_codes,
        )

    def code_system(self, url: str, supplements: tuple[str, ...] = ()) -> CodeSystemContent | None:
        """The content of a code system; None when there is none here.

        Args:
            url: ``url`` or ``url|version``.
            supplements: Canonicals of supplements to lay over it, besides those that are always in use.

        Raises:
            NotFoundError: One of those supplements is not in the definitions.
        """
        key = url, supplements
        if key not in self._systems:
            base = self._base_system(url)
            over = tuple(self._supplements_of(base, supplements)) if base else ()
            self._systems[key] = SupplementedContent(base, over) if base and over else base
        return self._systems[key]

    def lookup(self, system: str, code: str) -> Concept | None:
        """The concept of a code, or None when the system or the code is not known here."""
        content = self.code_system(system)
        return content.find(code) if content else None

    def has_code(self, system: str, code: str) -> bool | None:
        """Whether a code system has a code; None when that cannot be told."""
        content = self.code_system(system)
        if content is not None and content.is_supplement:
            return None
        if content is not None and (content.find(code) or content.is_complete):
            return content.find(code) is not None
        if self._remote is None:
            return None
        return {"in": True, "out": False, "unknown": None}[self._remote.has_code(system, code).result]

    def has_some(self, system: str) -> bool:
        """Whether any code of a code system is here; its mere declaration, without concepts, has none."""
        content = self.code_system(system)
        if content is None or content.is_supplement:
            return False
        return content.is_complete or any(True for _ in content.concepts())

    def members(self, value_set_url: str, versions: SystemVersions = ANY_VERSION) -> Members | None:
        """A value set as a question; None when there is no such value set.

        Raises:
            InvalidError: It draws on another version of a code system than ``versions`` insists on.
        """
        key = value_set_url, versions
        if key not in self._members:
            here = get_ident(), value_set_url, versions
            if here in self._compiling:
                return None  # a value set that imports itself finds nothing there; other threads must not see that
            self._compiling.add(here)
            try:
                found = self.value_set(value_set_url)
                self._members[key] = compile_value_set(found, self, versions) if found else None
            finally:
                self._compiling.discard(here)
        return self._members[key]

    def value_set(self, url: str) -> Resource | None:
        """A ValueSet of the definitions, or the one that its URL implies."""
        return self.definitions.find(url, "ValueSet") or implicit_value_set(url)

    def validate_code(
        self,
        value_set_url: str,
        *,
        system: str | None,
        code: str,
        display: str | None = None,
        language: str = "",
        versions: SystemVersions = ANY_VERSION,
    ) -> CodeResult:
        """Whether a code is in a value set.

        Args:
            value_set_url: Canonical, with or without version.
            system: None for a plain ``code``, which takes its system from the value set.
            code: As written.
            display: Held against the terms of the code, and told back when none is known.
            language: Of displays, as in ``Accept-Language``; empty for any.
            versions: Which versions of code systems.
        """
        if display is not None or language or versions != ANY_VERSION:
            return self._validated(value_set_url, None, _Asked(system, code, display, language, versions))
        key = value_set_url, system, code
        answer = self._answers.get(key)
        if answer is None:
            answer = self._validated(value_set_url, None, _Asked(system, code))
            if answer.result != "unknown" or self._remote is None:  # a server may answer the next time
                self._remember(key, answer)
        return answer

    def validate_code_in(
        self,
        value_set: Resource,
        *,
        system: str | None,
        code: str,
        display: str | None = None,
        language: str = "",
        versions: SystemVersions = ANY_VERSION,
    ) -> CodeResult:
        """Whether a code is in a value set that is given as a resource, as a contained one is."""
        name = str(value_set.get("url") or f"#{value_set.get('id', '')}")
        return self._validated(name, value_set, _Asked(system, code, display, language, versions))

    def expand(self, value_set_url: str, request: ExpansionRequest = WHOLE) -> Expansion:
        """List the codes of a value set.

        Raises:
            NotFoundError: The definitions do not have the value set.
            NotSupportedError: It draws on a code system whose codes cannot be listed here, nor by the remote server.
            TooCostlyError: More codes than the ceiling.
            InvalidError: It draws on another version of a code system than the request insists on.

        Source: FHIR R4, ValueSet $expand.
        """
        found = self.value_set(value_set_url)
        if found is None:
            raise NotFoundError(f"value set {value_set_url} is not in the loaded definitions")
        return self.expand_in(found, request, name=value_set_url)

    def expand_in(self, value_set: Resource, request: ExpansionRequest = WHOLE, name: str = "") -> Expansion:
        """List the codes of a value set that is given as a resource; errors as of `expand`."""
        members = compile_value_set(value_set, self, request.versions, request.supplements)
        try:
            return replace(expand_members(members, request, self._max_codes), url=name or members.url)
        except NotSupportedError:
            answer = self._expanded_remotely(value_set, request, name or members.url)
            if answer is None:
                raise
            return answer

    def _expanded_remotely(self, value_set: Resource, request: ExpansionRequest, name: str) -> Expansion | None:
        if self._remote is None:
            return None
        answer = self._remote.expand(name, list(self._with_imports(value_set)), request)
        if answer is None:
            return None
        members, total = page_of_expansion(answer)
        page = replace(request, offset=0, count=None, text="")  # the server has done these
        found = replace(expand_members(members, page, self._max_codes), url=name, total=total)
        is_whole = request.count is not None or total <= len(found.entries) + request.offset
        return found if is_whole else None

    def _validated(self, name: str, given: Resource | None, asked: "_Asked") -> CodeResult:
        versions = asked.versions
        members = self.members(name, versions) if given is None else compile_value_set(given, self, versions)
        if members is None:
            local = CodeResult("unknown", f"value set {name} is not in the loaded definitions")
        else:
            local = _judged(members, name, asked)
        if local.result != "unknown" or self._remote is None:
            return local
        value_set = given if given is not None else self.value_set(name)
        known = list(self._with_imports(value_set)) if value_set else []
        system = asked.system or _only_system(members)
        answer = self._remote.validate_code(name, known, system=system, code=asked.code)
        return answer if answer.result != "unknown" else replace(answer, message=f"{local.message}; {answer.message}")

    def _remember(self, key: tuple[str, str | None, str], answer: CodeResult) -> None:
        if len(self._answers) >= MAX_MEMORY:
            self._answers.clear()
        self._answers[key] = answer

    def _base_system(self, canonical: str) -> CodeSystemContent | None:
        """The first that is complete of: the definitions, the store, the formal systems; else the first at all."""
        url, _, version = canonical.partition("|")
        defined = self.definitions.find(canonical, "CodeSystem")
        content = code_system_content(defined) if defined else None
        if content is not None and (content.is_complete or content.is_supplement):
            return content
        stored = self._store.find(url, version) if self._store else None
        return stored or formal_content(url) or content

    def _supplements_of(self, base: CodeSystemContent, asked: Sequence[str]) -> Iterator[Supplement]:
        for canonical in dict.fromkeys((*self._supplements, *asked)):
            supplement = read_supplement(
                self.definitions.require(canonical, "CodeSystem", asked_by=f"the content of {base.url}")
            )
            url, _, version = supplement.supplements.partition("|")
            if url == base.url and (not version or is_version(base.version, version)):
                yield supplement

    def _with_imports(self, value_set: Resource) -> Iterator[Resource]:
        """A value set and all that it imports at any depth, as far as they are here."""
        pending, seen = [value_set], set[str]()
        while pending:
            one = pending.pop()
            yield one
            for url in _imports(one):
                found = None if url in seen else self.value_set(url)
                seen.add(url)
                if found is not None:
                    pending.append(found)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A code, with the display that was given for it and the language that displays are asked in."""

    system: str | None
    code: str
    display: str | None = None
    language: str = ""
    versions: SystemVersions = ANY_VERSION


def _judged(members: Members, name: str, asked: _Asked) -> CodeResult:
    """Whether a code is in a value set, as far as can be told here."""
    system, code = asked.system, asked.code
    answer = members.has(system, code)
    told = f"{system}#{code}" if system else code
    if answer is None:
        return CodeResult("unknown", f"{told} cannot be checked against {name}: {_what_lacks(members)}")
    if not answer:
        return CodeResult("out", f"{told} is not in {name}")
    inclusion = members.inclusion_of(system, code)
    concept = inclusion.content.find(code) if inclusion and inclusion.content else None
    listed, display = members.listed(system, code), asked.display
    return CodeResult(
        "in",
        display=display_of(concept, listed, asked.language) or display or "",
        is_inactive=bool(concept and concept.is_inactive),
        is_right_display=None if display is None else is_right_display(display, concept, listed, asked.language),
    )


def _what_lacks(members: Members) -> str:
    lacks = list(dict.fromkeys(members.lacks())) or ["content of what it imports"]
    systems = [each.partition("content of ")[2] for each in lacks if each.startswith(("content", "complete content"))]
    hint = f"; {how_to_supply(' and '.join(systems))}" if systems else ""
    return f"no {', no '.join(lacks)}{hint}"


def _only_system(members: Members | None) -> str | None:
    systems = {inclusion.system for inclusion in members.includes} if members else set()
    return systems.pop() if len(systems) == 1 and "" not in systems else None


def _imports(value_set: Resource) -> Iterator[str]:
    compose = value_set.get("compose")
    for name in ("include", "exclude"):
        for entry in objects(compose.get(name)) if isinstance(compose, dict) else ():
            yield from imported_value_sets(entry)
