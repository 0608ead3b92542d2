"""The one tree of exceptions: a request that cannot be honoured.

A finding about data is not an exception but a value, see `careloom.model.issues`.
Each error carries the FHIR issue code under which it is told to a client;
`careloom.rest.outcomes` alone knows the HTTP status that goes with it.

::

    CareloomError
    ├── MalformedError          structure     the text is not JSON, XML, TOML, FHIRPath, …
    ├── InvalidError            invalid       well formed, but the content breaks rules; carries the issues
    │   └── DefinitionError     invalid       a profile or other definition is wrong: its URL and element id
    ├── NotSupportedError       not-supported something Careloom does not do
    ├── NotFoundError           not-found     nothing by that name
    │   └── DeletedError        deleted       there was something, it is gone
    ├── ConflictError           conflict      the state of the record does not allow it
    │   ├── StaleVersionError   conflict      If-Match names a version that is not the current one
    │   └── MultipleMatchesError multiple-matches  a condition matches more than one resource
    ├── LoginError              login         who is asking is not proven
    ├── ForbiddenError          forbidden     who is asking may not
    ├── TooCostlyError          too-costly    over a stated ceiling
    └── UnavailableError        transient     a file, disk, database or peer does not answer now
"""

from collections.abc import Sequence
from typing import ClassVar

from careloom.model.issues import Issue


class CareloomError(Exception):
    """Base of all errors that are told to a user, with the FHIR issue code.

    Attributes:
        code: FHIR IssueType, https://hl7.org/fhir/R4/valueset-issue-type.html.
        issues: What to tell; one issue made of the message unless more were given.
    """

    code: ClassVar[str] = "processing"

    def __init__(self, message: str, *, expression: str = "", issues: Sequence[Issue] = ()) -> None:
        super().__init__(message)
        self.issues: tuple[Issue, ...] = tuple(issues) or (
            Issue(severity="error", code=self.code, diagnostics=message, expression=expression),
        )


class MalformedError(CareloomError):
    """The text cannot be read at all."""

    code = "structure"


class InvalidError(CareloomError):
    """Well formed, but against the rules."""

    code = "invalid"


class DefinitionError(InvalidError):
    """A conformance resource is wrong: names its canonical URL and the element id."""

    def __init__(self, message: str, *, url: str = "", element: str = "") -> None:
        where = " ".join(part for part in (url, f"element {element}" if element else "") if part)
        super().__init__(f"{where}: {message}" if where else message)
        self.url = url
        self.element = element


class NotSupportedError(CareloomError):
    """Something that Careloom does not do."""

    code = "not-supported"


class NotFoundError(CareloomError):
    """Nothing by that name."""

    code = "not-found"


class DeletedError(NotFoundError):
    """There was something by that name, and it was deleted."""

    code = "deleted"


class ConflictError(CareloomError):
    """The state of the record does not allow it."""

    code = "conflict"


class StaleVersionError(ConflictError):
    """If-Match names a version that is not the current one."""


class MultipleMatchesError(ConflictError):
    """A condition that must pick one resource matches several."""

    code = "multiple-matches"


class LoginError(CareloomError):
    """Who is asking is not proven."""

    code = "login"


class ForbiddenError(CareloomError):
    """Who is asking may not do it."""

    code = "forbidden"


class TooCostlyError(CareloomError):
    """The answer would go over a stated ceiling."""

    code = "too-costly"


class UnavailableError(CareloomError):
    """A file, a disk, a database or a peer does not answer now; the same request may work later."""

    code = "transient"
