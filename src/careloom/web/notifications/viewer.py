"""Who looks at the console: a token in the header, one that was signed in with, or whoever is at an open network.

Whichever it is, the pages show what the hub's operations answer to that client, decided anew for each page and written
to the audit trail like any request. The pages have no rights of their own.

An open network is for a machine that nobody else works at. So it is open to those alone who ask the hub itself, under a
name that is its own: not through a proxy, whose address says nothing of who is behind it, and not for a page of another
site that had its name pointed here.
"""

from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from careloom.governance import Grant, standing_grant, verify_token
from careloom.governance.claims import check_not_expired, instant_claim, text_claim
from careloom.governance.jose import open_token, sign_token
from careloom.model.errors import LoginError
from careloom.rest.access import authenticate
from careloom.rest.hub import Hub
from careloom.rest.policy import is_within

COOKIE: Final = "careloom-console"
FORM_TYPE: Final = "console-form+jwt"
NOBODY: Final = "-"
"""Who a form is made for that anybody may send; no client is called that."""

FORM_LIFETIME: Final = timedelta(hours=12)

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def viewer_of(request: Request, hub: Hub) -> Grant | None:
    """With whose rights somebody looks; None where that is not known, or not any more."""
    try:
        if authorization := request.headers.get("authorization", ""):
            return authenticate(authorization, hub)
        if token := request.cookies.get(COOKIE, ""):
            return verify_token(token, authority=hub.authority, registry=hub.registry, now=hub.clock())
    except LoginError:
        return None
    return _at_open_network(request, hub)


def sign_in(response: Response, token: str, path: str, hub: Hub) -> None:
    """Have the browser keep a token for as long as it is good, and send it to the console alone.

    Raises:
        LoginError: Not a good token of this hub.
    """
    now = hub.clock()
    grant = verify_token(token, authority=hub.authority, registry=hub.registry, now=now)
    response.set_cookie(
        COOKIE,
        token,
        max_age=max(0, round((grant.expires - now).total_seconds())),
        path=path,
        secure=hub.base_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )


def sign_out(response: Response, path: str) -> None:
    """Have the browser forget the token."""
    response.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")


def form_token(client: str, hub: Hub) -> str:
    """What a form of ours carries, so that a page of another site cannot send one in somebody's name."""
    claims = {"sub": client, "exp": int((hub.clock() + FORM_LIFETIME).timestamp())}
    return sign_token(claims, hub.authority.keys[0], type=FORM_TYPE)


def check_form(request: Request, token: str, client: str, hub: Hub) -> None:
    """See that a form is one of ours.

    Raises:
        LoginError: It came from another site, was not made for this viewer, or was left open for too long.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise LoginError("a form of this page expected, found one of another site")
    claims = open_token(token, type=FORM_TYPE).proven_by(hub.authority.public_keys)
    check_not_expired(instant_claim(claims, "exp"), hub.clock())
    if text_claim(claims, "sub") != client:
        raise LoginError("a form that was made for this viewer expected, found another's")


def _at_open_network(request: Request, hub: Hub) -> Grant | None:
    console = hub.policy.console
    if console is None or request.client is None or not is_within(request.client.host, console.networks):
        return None
    client = hub.registry.client(console.client)
    if client is None or not _is_direct(request, hub):
        return None
    return standing_grant(client, console.purpose, hub.clock())


def _is_direct(request: Request, hub: Hub) -> bool:
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    is_ours = host in ("localhost", urlsplit(hub.base_url).hostname) or _is_address(host)
    return is_ours and not any(name in request.headers for name in _FORWARDED)


def _is_address(host: str) -> bool:
    """Whether a host is given as an address; no other site has a name like that."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
