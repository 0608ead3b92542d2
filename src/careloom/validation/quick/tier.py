"""The quick tier: says of a resource that the interpreter would find nothing, or to look closer.

It walks a resource in the order of the interpreter, by generated code (`judges`), and asks the interpreter itself
where it has no code for something. So the few issues that go with a fine resource, codes of systems without content
here, come out as the interpreter tells them. Whatever else happens, an exception included, means "look closer".
"""

from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.validation.contained import check_contained
from careloom.validation.library import Library
from careloom.validation.path import Path
from careloom.validation.quick.asking import is_quiet
from careloom.validation.quick.check import Begin, QuickCheck
from careloom.validation.quick.entrances import Entrance, Profiles
from careloom.validation.quick.judges import Judges
from careloom.validation.quick.memos import Memos
from careloom.validation.quick.overlays import Overlays
from careloom.validation.quick.shapes import Budget
from careloom.validation.quick.skim import Skim


class QuickTier:
    """The generated judges of a validator; they fill up with use."""

    def __init__(self, library: Library) -> None:
        memos = Memos(library)
        budget = Budget()
        self._overlays = Overlays(library, memos, budget)
        self._judges = Judges(library, memos, self._overlays, budget, self._is_inner_fine)
        self._types = library.types.resource_types()
        self._entrances: dict[str, Entrance] = {}

    def issues(self, resource: Resource, profiles: Profiles, begin: Begin, *, is_closed: bool) -> list[Issue] | None:
        """What there is to tell of a document that is fine; None says that it may not be.

        Args:
            resource: The document, with the name of a type as its ``resourceType``.
            profiles: Canonical URLs of profiles that it must conform to besides.
            begin: Makes the run of the document.
            is_closed: Whether nothing is known of resources outside the document.
        """
        try:
            entrance = self._entrance(resource)
            check = QuickCheck(resource, entrance.path, begin, is_closed and entrance.may_be_alone)
            return check.issues if _is_fine(resource, entrance.path, profiles, check, entrance) else None
        except Exception:  # data may be anything; the interpreter finds out what is wrong
            return None

    def skim(self) -> Skim:
        """What tells the interpreter of one document where nothing is wrong."""
        return Skim(self._judges, self._overlays)

    def _entrance(self, resource: Resource) -> Entrance:
        """What is known of the type of a resource."""
        type = resource["resourceType"]
        known = self._entrances.get(type)
        if known is None:
            if type not in self._types:
                raise LookupError(type)
            known = self._entrances[type] = Entrance(type, self._judges, self._overlays)
        return known

    def _is_inner_fine(self, value: Resource, path: Path, check: QuickCheck) -> bool:
        """Whether a resource within the one in question is fine, by its type and its own claims."""
        scope = check.scope.inner(value, path)
        scope.ids = set()  # it may have been looked at before, and left
        return _is_fine(value, path, (), QuickCheck.of(check, scope), self._entrance(value))


def _is_fine(resource: Resource, path: Path, profiles: Profiles, check: QuickCheck, entrance: Entrance) -> bool:
    before = len(check.issues)
    way = entrance.way(resource, profiles, check)
    if len(check.issues) != before or not way.shapes[tuple(resource)](resource, path, check):
        return False
    if "contained" in resource and not _is_contained_fine(check):
        return False
    for conforms in way.profiles:
        if not conforms(resource, path, check):
            return False
    return not entrance.rules or _keeps_rules(entrance, check)


def _is_contained_fine(check: QuickCheck) -> bool:
    before = len(check.issues)
    check_contained(check.scope, check)
    return is_quiet(check, before)


def _keeps_rules(entrance: Entrance, check: QuickCheck) -> bool:
    before = len(check.issues)
    for rule in entrance.rules:
        rule(check.scope, check)
    return is_quiet(check, before)
