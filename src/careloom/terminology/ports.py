"""What the room may ask outside of this process, if it is given somebody to ask."""

from collections.abc import Sequence
from typing import Protocol

from careloom.model import Resource
from careloom.terminology.content import CodeSystemContent
from careloom.terminology.expansion import ExpansionRequest
from careloom.terminology.results import CodeResult


class CodeSystems(Protocol):
    """Where large code systems are kept; `careloom.terminology.stored.CodeSystemStore` is one."""

    def find(self, url: str, version: str = "") -> CodeSystemContent | None:
        """A code system; the newest that fits where no version is asked for."""


class RemoteTerminology(Protocol):
    """A terminology server; `careloom.terminology.remote.TerminologyServer` is one.

    It never raises because the server does not answer: the result then is ``unknown``, and says why.
    """

    def validate_code(
        self, value_set_url: str, value_sets: Sequence[Resource], *, system: str | None, code: str
    ) -> CodeResult:
        """Whether a code is in a value set.

        Args:
            value_set_url: Canonical, with or without version.
            value_sets: The value set and those that it imports, as far as they are here.
            system: None to have the server infer it.
            code: As written.
        """

    def has_code(self, system: str, code: str) -> CodeResult:
        """Whether a code system has a code; ``system`` as ``url`` or ``url|version``."""

    def expand(self, value_set_url: str, value_sets: Sequence[Resource], request: ExpansionRequest) -> Resource | None:
        """The ValueSet with its expansion; None when the server gives none."""
