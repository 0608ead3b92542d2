"""Leaves of the error tree of `careloom.model.errors` that exist because only HTTP has methods, media types and bodies.

What each is answered with stands in `careloom.rest.outcomes`.
"""

from collections.abc import Sequence

from careloom.model.errors import (
    CareloomError,
    ForbiddenError,
    LoginError,
    MalformedError,
    NotSupportedError,
    StaleVersionError,
    TooCostlyError,
    UnavailableError,
)


class TokenMissingError(LoginError):
    """No access token was sent."""


class InsufficientScopeError(ForbiddenError):
    """The access token does not cover what is asked."""


class MethodNotAllowedError(NotSupportedError):
    """The address exists, but not for this method."""

    def __init__(self, message: str, *, allow: Sequence[str]) -> None:
        super().__init__(message)
        self.allow = tuple(allow)


class NotAcceptableError(NotSupportedError):
    """The client reads none of the formats we write."""


class UnsupportedMediaError(NotSupportedError):
    """The body is in a format we do not read."""


class BodyTooLargeError(TooCostlyError):
    """The body is over the hub's ceiling."""


class BodyTooSlowError(MalformedError):
    """The body did not come in the time a request may take."""

    code = "timeout"


class TimeUpError(UnavailableError):
    """The request took longer than the hub gives one."""

    code = "timeout"


class CutOffError(CareloomError):
    """What was asked for will never be answered: the work on it ended before its time."""

    code = "exception"


class ThrottledError(TooCostlyError):
    """More at a time than the hub takes."""

    code = "throttled"


class VersionRequiredError(StaleVersionError):
    """A write must say which version it has seen, and does not."""
