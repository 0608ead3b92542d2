"""Pages of other origins that call the hub: what a browser is told, where the locality lets it.

Without a setting a browser is told nothing and keeps such pages from reading any answer.

Source: the Fetch standard, CORS protocol.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.policy import Policy

_MAY_READ: Final = (
    "Content-Location, ETag, Last-Modified, Location, Retry-After, X-Progress, X-Request-Id, Careloom-Audit"
)
_MAY_SEND: Final = (
    "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer, "
    "X-Request-Id, X-Security-Context"
)
_SECONDS: Final = "600"
_DEPENDS = {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}


def options(request: FhirRequest, methods: Iterable[str], policy: Policy) -> FhirResponse:
    """``OPTIONS`` of any address: the methods it has; to a page that asks for leave to call, whether it has it."""
    allow = ", ".join([*methods, "OPTIONS"])
    headers = {"Allow": allow}
    if request.header("access-control-request-method") and origin_headers(request, policy):
        headers |= {
            **_DEPENDS,
            "Access-Control-Allow-Methods": allow,
            "Access-Control-Allow-Headers": _MAY_SEND,
            "Access-Control-Max-Age": _SECONDS,
        }
    return FhirResponse(204, headers=headers)


def origin_headers(request: FhirRequest, policy: Policy) -> Mapping[str, str]:
    """What goes with every answer to a page that may read it.

    No cookies are ever taken: a token is what opens the hub, so no credentials are allowed for.
    """
    origin = request.header("origin")
    if not origin or not policy.origins or not ({origin, "*"} & policy.origins):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _MAY_READ, "Vary": "Origin"}
