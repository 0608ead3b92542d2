"""The one place where an error becomes an HTTP status; its body is always an OperationOutcome."""

from careloom.model.errors import (
    CareloomError,
    ConflictError,
    DeletedError,
    ForbiddenError,
    InvalidError,
    LoginError,
    MalformedError,
    MultipleMatchesError,
    NotFoundError,
    NotSupportedError,
    StaleVersionError,
    TooCostlyError,
    UnavailableError,
)
from careloom.model.issues import Issue, operation_outcome
from careloom.rest.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    InsufficientScopeError,
    MethodNotAllowedError,
    NotAcceptableError,
    ThrottledError,
    TokenMissingError,
    UnsupportedMediaError,
)
from careloom.rest.messages import FhirResponse

STATUS: dict[type[CareloomError], int] = {
    MalformedError: 400,
    NotSupportedError: 400,
    TooCostlyError: 400,
    LoginError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    MethodNotAllowedError: 405,
    NotAcceptableError: 406,
    ConflictError: 409,
    DeletedError: 410,
    StaleVersionError: 412,
    MultipleMatchesError: 412,
    BodyTooSlowError: 408,
    BodyTooLargeError: 413,
    UnsupportedMediaError: 415,
    InvalidError: 422,
    ThrottledError: 429,
    CareloomError: 500,
    UnavailableError: 503,
}
"""The nearest class in an error's ancestry gives its status."""


_CHALLENGE = 'Bearer realm="careloom"'


def status_of(error: CareloomError) -> int:
    """HTTP status that goes with an error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def refusal(error: CareloomError) -> FhirResponse:
    """The answer to a request that cannot be honoured."""
    return FhirResponse(status_of(error), operation_outcome(error.issues), _headers(error))


def breakdown() -> FhirResponse:
    """The answer when the fault is ours; what happened is in the log, under the request id, and not told."""
    return FhirResponse(
        500, operation_outcome([Issue("fatal", "exception", "the hub failed; the request id names it")])
    )


def _headers(error: CareloomError) -> dict[str, str]:
    """What goes with a status. Source: RFC 9110; RFC 6750 section 3 for the challenges."""
    match error:
        case TokenMissingError():
            return {"WWW-Authenticate": _CHALLENGE}
        case LoginError():
            return {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}
        case InsufficientScopeError():
            return {"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope"'}
        case MethodNotAllowedError():
            return {"Allow": ", ".join(error.allow)}
        case UnavailableError() | ThrottledError():
            return {"Retry-After": "1"}
        case _:
            return {}
