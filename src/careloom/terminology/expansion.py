"""Value sets written out: every code that is in, with what to show for it.

An expansion that cannot be made whole is not made: a code that nobody can judge, a system that cannot be listed or
more codes than the ceiling are errors, never a shorter list.

Source: FHIR R4, ValueSet $expand.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice

from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.model.records import dataclass, field, replace
from careloom.terminology.concept import Concept, Designation
from careloom.terminology.displays import display_of, terms_of
from careloom.terminology.filters import candidates
from careloom.terminology.membership import Code, Inclusion, Listed, Members
from careloom.terminology.versions import SystemVersions

MAX_CODES = 100_000
"""Codes in an expansion, above which it is refused."""


@dataclass(frozen=True, slots=True)
class ExpansionRequest:
    """What a caller asks of an expansion.

    Attributes:
        text: Only codes with words that begin with each of these words, in any term.
        language: Of displays, as in ``Accept-Language``.
        offset: Codes to pass over.
        count: Codes to list at most; None for all, 0 for none but the total.
        active_only: Leave out codes that their system has withdrawn.
        selectable_only: Leave out codes that only group others.
        versions: Which versions of code systems.
        supplements: Canonicals of supplements to use.
        without: Code systems whose codes are left out, as ``system`` or ``system|version``.
    """

    text: str = ""
    language: str = ""
    offset: int = 0
    count: int | None = None
    active_only: bool = False
    selectable_only: bool = False
    versions: SystemVersions = field(default_factory=SystemVersions)
    supplements: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def takes(self, entry: "Entry") -> bool:
        """Whether an entry is of those that are asked for, its terms aside."""
        if (self.active_only and entry.is_inactive) or (self.selectable_only and entry.is_abstract):
            return False
        return not self.without or {entry.system, f"{entry.system}|{entry.version}"}.isdisjoint(self.without)


WHOLE = ExpansionRequest()
"""All codes, in any language."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A code of an expansion."""

    system: str
    code: str
    display: str = ""
    version: str = ""
    terms: tuple[Designation, ...] = ()
    is_inactive: bool = False
    is_abstract: bool = False


@dataclass(frozen=True)
class Expansion:
    """The codes of a value set.

    Attributes:
        url: Canonical URL of the value set.
        entries: In the order of the value set; no code twice.
        total: Of all pages; None when there are more than the ceiling.
        used: Code systems drawn on, as ``system|version``.
    """

    url: str
    entries: tuple[Entry, ...]
    total: int | None = None
    used: tuple[str, ...] = ()

    @cached_property
    def codes(self) -> frozenset[Code]:
        """As (system, code)."""
        return frozenset((entry.system, entry.code) for entry in self.entries)

    @cached_property
    def displays(self) -> Mapping[Code, str]:
        """The term of each code that has one."""
        return {(entry.system, entry.code): entry.display for entry in self.entries if entry.display}


def expand(members: Members, request: ExpansionRequest = WHOLE, ceiling: int = MAX_CODES) -> Expansion:
    """List the codes of a value set.

    Args:
        members: The value set, compiled.
        request: What is asked.
        ceiling: Codes at most, of one page and to be passed over before it.

    Raises:
        NotSupportedError: It draws on a code system whose codes cannot be listed here.
        TooCostlyError: More codes than the ceiling.
    """
    limit = ceiling if request.count is None else min(request.offset + request.count, ceiling)
    wanted = _wanted(members, request)
    found = list(islice(wanted, limit))
    more = sum(1 for _ in islice(wanted, ceiling + 1 - len(found)))
    is_over = len(found) + more > ceiling
    if is_over and (request.count is None or request.offset + request.count > ceiling):
        raise TooCostlyError(f"value set {members.url} has more than {ceiling} codes; ask for fewer, or for a page")
    page = tuple(found[request.offset :])
    return Expansion(members.url, page, None if is_over else len(found) + more, tuple(sorted(_used(members))))


def _wanted(members: Members, request: ExpansionRequest) -> Iterator[Entry]:
    """The entries that the request leaves in, each code once."""
    words = request.text.casefold().split()
    seen: set[Code] = set()
    for entry, concept, listed in _members(members):
        if (entry.system, entry.code) in seen:
            continue
        seen.add((entry.system, entry.code))
        if not request.takes(entry):
            continue
        terms = terms_of(concept, listed)
        shown = replace(entry, display=display_of(concept, listed, request.language), terms=terms)
        if not words or _has_words(words, shown, concept.display if concept else ""):
            yield shown


Found = tuple[Entry, Concept | None, Listed | None]


def _members(members: Members) -> Iterator[Found]:
    for inclusion in members.includes:
        for found in _included(members, inclusion):
            entry = found[0]
            answer = members.leaves_out(entry.system, entry.code) if members.excludes else False
            if answer is None:
                raise _unknown(members, entry)
            if not answer:
                yield found


def _included(members: Members, inclusion: Inclusion) -> Iterator[Found]:
    """The codes of one inclusion: of its own system, or of the first import where it has none."""
    if inclusion.system or inclusion.listed is not None:
        listing, others = _of_system(members, inclusion), inclusion.imports
    else:
        first = inclusion.imports[0] if inclusion.imports else None
        if first is None:
            raise NotSupportedError(f"value set {members.url} cannot be listed: no {inclusion.lacks or 'inclusion'}")
        listing, others = _members(first), inclusion.imports[1:]
    for found in listing:
        entry = found[0]
        answers = [other.has(entry.system, entry.code) if other else None for other in others]
        if False in answers:
            continue
        if None in answers:
            raise _unknown(members, entry)
        yield found


def _of_system(members: Members, inclusion: Inclusion) -> Iterator[Found]:
    content, version = inclusion.content, inclusion.version or (inclusion.content.version if inclusion.content else "")
    if inclusion.listed is not None:
        for listed in inclusion.listed.values():
            concept = content.find(listed.code) if content else None
            if not (inclusion.active_only and concept and concept.is_inactive):
                yield _entry(inclusion.system, version, concept, listed), concept, listed
        return
    if content is None or inclusion.tests is None or inclusion.lacks:
        raise NotSupportedError(f"value set {members.url} cannot be listed: no {inclusion.lacks}")
    for concept in candidates(inclusion.filters, content):
        if not (inclusion.active_only and concept.is_inactive) and all(test(concept) for test in inclusion.tests):
            yield _entry(inclusion.system, version, concept, None), concept, None


def _entry(system: str, version: str, concept: Concept | None, listed: Listed | None) -> Entry:
    code = concept.code if concept else listed.code if listed else ""
    return Entry(
        system,
        code,
        version=version,
        is_inactive=bool((concept and concept.is_inactive) or (listed and listed.is_inactive)),
        is_abstract=bool((concept and concept.is_abstract) or (listed and listed.is_abstract)),
    )


def _has_words(words: list[str], entry: Entry, preferred: str) -> bool:
    texts = (entry.code, entry.display, preferred, *(term.value for term in entry.terms))
    found = [part for text in texts for part in text.casefold().split()]
    return all(any(part.startswith(word) for part in found) for word in words)


def _unknown(members: Members, entry: Entry) -> NotSupportedError:
    lacks = "; ".join(dict.fromkeys(members.lacks()))
    return NotSupportedError(
        f"value set {members.url} cannot be listed: whether {entry.system}#{entry.code} is in it needs {lacks}"
    )


def _used(members: Members) -> set[str]:
    used: set[str] = set()
    for inclusion in members.includes:
        version = inclusion.version or (inclusion.content.version if inclusion.content else "")
        if inclusion.system:
            used.add(f"{inclusion.system}|{version}" if version else inclusion.system)
        for imported in inclusion.imports:
            used |= _used(imported) if imported else set()
    return used
