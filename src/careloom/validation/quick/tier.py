"""The quick tier: says of a resource that the interpreter would find nothing, or to look closer.

It walks a resource in the order of the interpreter, by generated code (`judges`), and asks the interpreter itself
where it has no code for something. So the few issues that go with a fine resource, codes of systems without content
here, come out as the interpreter tells them. Whatever else happens, an exception included, means "look closer".
"""

from collections.abc import Sequence

from careloom.model import Resource
from careloom.validation.contained import check_contained
from careloom.validation.context import Run, Scope
from careloom.validation.implied import implied_profiles
from careloom.validation.library import Library
from careloom.validation.path import Path
from careloom.validation.quick.asking import QuickCheck, is_quiet
from careloom.validation.quick.judges import Judges
from careloom.validation.quick.memos import Memos
from careloom.validation.quick.overlays import Overlays
from careloom.validation.resources import applicable_schemas
from careloom.validation.rules import RULES
from careloom.validation.schema import Schema

_COLLECTIONS = frozenset(["Bundle", "Parameters"])


class QuickTier:
    """The generated judges of a validator; they fill up with use."""

    def __init__(self, library: Library) -> None:
        memos = Memos(library)
        self._library = library
        self._functions = memos.names.values
        self._overlays = Overlays(library, memos)
        self._judges = Judges(library, memos, self._overlays, self._is_inner_fine)
        self._types = library.types.resource_types()

    def is_fine(self, scope: Scope, profiles: Sequence[str], run: Run) -> bool:
        """Whether the interpreter would find nothing but what is in ``run.issues`` afterwards.

        False says nothing about the resource, and leaves the run in no useful state.
        """
        try:
            is_alone = run.resolve is None and scope.resource["resourceType"] not in _COLLECTIONS
            return self._is_fine(profiles, QuickCheck(run, scope, run.issues, is_alone=is_alone))
        except Exception:  # data may be anything; the interpreter finds out what is wrong
            return False

    def _is_fine(self, profiles: Sequence[str], check: QuickCheck) -> bool:
        scope = check.scope
        resource = scope.resource
        name = resource["resourceType"]
        if name not in self._types or not self._judges.of(name)[tuple(resource)](resource, scope.path, check):
            return False
        if "contained" in resource and not _is_contained_fine(check):
            return False
        claims = profiles or "profile" in resource.get("meta", ())
        if claims:
            if not self._meets(profiles, check):
                return False
        elif name == "Observation" and not self._meets_implied(check):
            return False
        return name not in RULES or _keeps_rules(name, check)

    def _meets(self, profiles: Sequence[str], check: QuickCheck) -> bool:
        before = len(check.issues)
        schemas = applicable_schemas(check.scope, profiles, check)
        return all(self._conforms(schema, check) for schema in schemas) and is_quiet(check, before)

    def _meets_implied(self, check: QuickCheck) -> bool:
        """Whether an Observation that claims nothing conforms to the vital signs that apply unasked."""
        for canonical in dict.fromkeys(implied_profiles(check.scope.resource)):
            schema = self._library.find_schema(canonical)
            if schema is not None and not self._conforms(schema, check):
                return False
        return True

    def _conforms(self, schema: Schema, check: QuickCheck) -> bool:
        scope = check.scope
        name = self._overlays.schema(schema, scope.resource["resourceType"])
        return bool(self._functions[name](scope.resource, scope.path, check))

    def _is_inner_fine(self, value: Resource, path: Path, check: QuickCheck) -> bool:
        """Whether a resource within the one in question is fine, by its type and its own claims."""
        scope = check.scope.inner(value, path)
        return self._is_fine((), QuickCheck(check.run, scope, check.issues))


def _is_contained_fine(check: QuickCheck) -> bool:
    before = len(check.issues)
    check_contained(check.scope, check)
    return is_quiet(check, before)


def _keeps_rules(name: str, check: QuickCheck) -> bool:
    before = len(check.issues)
    for rule in RULES[name]:
        rule(check.scope, check)
    return is_quiet(check, before)
