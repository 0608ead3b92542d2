"""The validator: definitions, terminology and options in, issues out."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.collector import paused
from careloom.model.instants import Clock, utc_now
from careloom.model.issues import Issue
from careloom.model.numbers import FloatFoundError, with_exact_numbers
from careloom.terminology import Terminology
from careloom.validation.context import Check, Resolve, Run, Scope
from careloom.validation.library import Library
from careloom.validation.options import Options
from careloom.validation.quick import QuickGate
from careloom.validation.resources import ResourceWalker, check_resource

_MANY = 500
"""Entries of a large Bundle."""


class Validator:
    """Judges resources; made once and used for many, from several threads if need be.

    Without definitions it judges by FHIR R4 core, as the user's package cache holds it.
    """

    def __init__(
        self,
        definitions: Definitions | None = None,
        *,
        terminology: Terminology | None = None,
        options: Options = Options(),  # noqa: B008  (frozen)
        clock: Clock = utc_now,
        quick: bool = True,
    ) -> None:
        definitions = definitions or Definitions.load()
        self.definitions = definitions
        self.options = options
        self._terminology = terminology or Terminology(definitions)
        self._library = Library(definitions)
        self._clock = clock
        self._walker = ResourceWalker()
        self._quick = QuickGate(self._library, options) if quick else None
        self._begin = self._run

    @property
    def library(self) -> Library:
        """The compiled types and profiles that it judges by."""
        return self._library

    def validate(
        self, resource: Resource, *, profiles: Sequence[str] = (), resolve: Resolve | None = None
    ) -> list[Issue]:
        """Find what is wrong with a resource: by its type, by what ``meta.profile`` claims, and by the profiles given.

        Args:
            resource: As parsed JSON; nothing about it is taken for granted. Numbers that Python's own ``json`` made
                floats are judged by their shortest text.
            profiles: Canonical URLs that it must conform to besides.
            resolve: Gives the resource behind a reference that is not in the document.

        Returns:
            Issues in the order of the walk, each once.

        Raises:
            NotFoundError: One of the given profiles, or what it builds on, is not in the definitions.
            DefinitionError: One of them is broken; names its URL and element.
        """
        for canonical in profiles:
            self._library.schema(canonical, asked_by="the request")
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        try:
            if name != "Bundle" or not _is_large(resource):
                return self._judged(resource, name, profiles, resolve)
            with paused():
                return self._judged(resource, name, profiles, resolve)
        except FloatFoundError:
            return self.validate(with_exact_numbers(resource), profiles=profiles, resolve=resolve)

    def _judged(self, resource: Resource, name: Any, profiles: Sequence[str], resolve: Resolve | None) -> list[Issue]:
        tier = self._quick.tier_for(name) if self._quick and name.__class__ is str else None
        if tier is not None:
            begin = self._begin if resolve is None else partial(self._run, resolve)
            issues = tier.issues(resource, tuple(profiles), begin, is_closed=resolve is None)
            if issues is not None:
                return self._each_once(issues)
        run = self._run(resolve)
        run.skim = tier.skim() if tier else None
        return self._interpreted(resource, name, profiles, run)

    def _interpreted(self, resource: Resource, name: Any, profiles: Sequence[str], run: Run) -> list[Issue]:
        """What the interpreter finds, asking the quick tier what it may leave aside if that has been asked before."""
        scope = Scope(resource, (None, name if isinstance(name, str) and name else "Resource"), "document")
        check = Check(run, scope, run.issues)
        try:
            check_resource(scope, profiles, check)
        except RecursionError:
            return [Issue("fatal", "too-costly", f"{name}: nested too deeply to be checked", str(name), "depth")]
        finally:
            run.skim = None  # it knows the run, and a circle would be left to the garbage collector
        return self._each_once(check.issues)

    def _each_once(self, issues: list[Issue]) -> list[Issue]:
        """The issues without what two profiles say alike, and without what is no longer wanted."""
        if self.options.suppressed:
            issues = [issue for issue in issues if not self.options.suppresses(issue)]
        if len(issues) < 2 or len({issue.diagnostics for issue in issues}) == len(issues):
            return issues
        found: dict[tuple[str, str, str], Issue] = {}
        for issue in issues:
            found.setdefault((issue.severity, issue.expression, issue.diagnostics), issue)
        return list(found.values())

    def _run(self, resolve: Resolve | None = None) -> Run:
        """The run of a document, with nothing found so far."""
        return Run(self._walker, self._library, self._terminology, self.options, self._clock, resolve)


def _is_large(resource: Resource) -> bool:
    """Whether a Bundle has so many entries that the garbage collector is better paused."""
    entries = resource.get("entry")
    return isinstance(entries, list) and len(entries) > _MANY
