"""A check of the interpreter, as generated code holds it: next to nothing until something is asked with it."""

from collections.abc import Callable
from typing import Any

from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.validation.context import Check, Run, Scope
from careloom.validation.path import Path

Begin = Callable[[], Run]
"""Makes the run of a document, with nothing found so far."""


class QuickCheck(Check):
    """One for each document, and one for each profile or resource within it that something is asked about.

    Most documents are judged without a question to the interpreter, so run and scope are made when first asked for.

    Attributes:
        told: What has been told once in this document, the same set as that of the run.
        is_alone: Whether the resource stands in no other, and nothing is known that references could lead to.
        code: Text of the code of the resource, where that decided which profiles apply.
    """

    __slots__ = ("_begin", "_outer", "_path", "_resource", "code", "is_alone", "told")

    def __init__(self, resource: Resource, path: Path, begin: Begin, is_alone: bool) -> None:
        """A check for a document.

        Args:
            resource: The document.
            path: Where it stands: its type.
            begin: Makes the run, when it is asked for.
            is_alone: As above.
        """
        self.issues: list[Issue] = []
        self.profile = ""
        self.told: set[str] = set()
        self.is_alone = is_alone
        self.code: bytes | None = None
        self._resource = resource
        self._path = path
        self._begin = begin
        self._outer: QuickCheck | None = None

    @classmethod
    def of(cls, check: Check, scope: Scope, *, is_alone: bool = False) -> "QuickCheck":
        """For a resource of a document that a run has been made for; what it tells is told by the check given."""
        made = cls(scope.resource, scope.path, lambda: check.run, is_alone)
        made.run, made.scope, made.issues, made.told = check.run, scope, check.issues, check.run.told_systems
        return made

    def under(self, profile: str) -> "QuickCheck":
        """The same, for what a profile says."""
        made = QuickCheck(self._resource, self._path, self._begin, self.is_alone)
        made.issues, made.told, made.profile, made._outer = self.issues, self.told, profile, self
        return made

    def __getattr__(self, name: str) -> Any:
        """Make the run or the scope, which Python asks for where they have not been set."""
        if name == "run":
            self.run = self._outer.run if self._outer else self._begun()
            return self.run
        if name == "scope":
            self.scope = self._outer.scope if self._outer else Scope(self._resource, self._path, "document")
            return self.scope
        raise AttributeError(name)

    def _begun(self) -> Run:
        run = self._begin()
        run.issues, run.told_systems = self.issues, self.told
        return run
