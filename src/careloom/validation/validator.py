"""The validator: definitions, terminology and options in, issues out."""

from collections.abc import Iterable, Iterator, Sequence

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.instants import Clock, utc_now
from careloom.model.issues import Issue
from careloom.terminology import Terminology
from careloom.validation.context import Check, Resolve, Run, Scope
from careloom.validation.library import Library
from careloom.validation.options import Options
from careloom.validation.quick import QuickGate
from careloom.validation.resources import ResourceWalker, check_resource


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

    @property
    def library(self) -> Library:
        """The compiled types and profiles that it judges by."""
        return self._library

    def validate(
        self, resource: Resource, *, profiles: Sequence[str] = (), resolve: Resolve | None = None
    ) -> list[Issue]:
        """Find what is wrong with a resource: by its type, by what ``meta.profile`` claims, and by the profiles given.

        Args:
            resource: As parsed JSON; nothing about it is taken for granted.
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
        scope = Scope(resource, (None, name if isinstance(name, str) and name else "Resource"), "document")
        run = Run(self._walker, self._library, self._terminology, self.options, self._clock, resolve)
        if self._quick is not None:
            if self._quick.is_fine(scope, profiles, run):
                is_settled = len(run.issues) < 2 and not self.options.suppressed
                return run.issues if is_settled else list(_distinct(run.issues, self.options))
            scope, run = scope.afresh(), run.afresh()
        check = Check(run, scope, run.issues)
        try:
            check_resource(scope, profiles, check)
        except RecursionError:
            return [Issue("fatal", "too-costly", f"{name}: nested too deeply to be checked", str(name), "depth")]
        return list(_distinct(check.issues, self.options))


def _distinct(issues: Iterable[Issue], options: Options) -> Iterator[Issue]:
    """Each finding once: what two profiles say alike is one finding, and so is what is no longer wanted none."""
    seen: set[tuple[str, str, str]] = set()
    for issue in issues:
        key = (issue.severity, issue.expression, issue.diagnostics)
        if key not in seen and not options.suppresses(issue):
            seen.add(key)
            yield issue
