"""The token endpoint of SMART Backend Services: a signed client assertion in, a short access token out.

What goes wrong is a value, an `OAuthError`, since OAuth has its own form for it. The steps run in the order in which
they can be trusted: the form, the client, its signature, the claims, the scopes and the purpose; and only then is the
assertion's ``jti`` spent, so that nobody can spend one by guessing it.

Source: SMART App Launch 2.2, "Backend Services" and "Asymmetric authentication"; RFC 6749 section 5; RFC 7523; the
purpose of use from the ``hl7-b2b`` extension of UDAP Security for Scalable Registration 1.0.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from careloom.governance.claims import (
    LEEWAY,
    check_audience,
    check_issued,
    check_not_expired,
    instant_claim,
    text_claim,
)
from careloom.governance.client_assertion import ASSERTION_TYPE
from careloom.governance.identity import Client, Registry
from careloom.governance.jose import open_token
from careloom.governance.purposes import purpose_code
from careloom.governance.scopes import Scopes, parse_scopes
from careloom.governance.tokens import Authority, Grant, make_access_token
from careloom.model.errors import CareloomError, InvalidError, LoginError
from careloom.model.records import dataclass

Once: TypeAlias = Callable[[str, str, datetime], bool]
"""Port of the store: ``once(scope, key, until)`` is True the first time it sees a key, durably, until that instant."""

OAuthCode = Literal["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]

LONGEST_ASSERTION_LIFE: Final = timedelta(minutes=5)
_LONGEST_JTI: Final = 256


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token, and what it grants."""

    access_token: str
    grant: Grant

    def as_json(self) -> dict[str, Any]:
        """The body of the answer, RFC 6749 section 5.1."""
        answer: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": "bearer",
            "expires_in": int((self.grant.expires - self.grant.issued).total_seconds()),
            "scope": str(self.grant.scopes),
        }
        if self.grant.purpose:
            answer["purpose_of_use"] = self.grant.purpose
        return answer


@dataclass(frozen=True, slots=True)
class OAuthError:
    """Why there is no token.

    Attributes:
        error: Code of RFC 6749 section 5.2; ``invalid_client`` is told with 401, the others with 400.
        description: A sentence for the engineer at the other end.
        client: Id of the client where it was proven or claimed; for the audit record only.
        is_proven: Whether it was proven; for the audit record only.
    """

    error: OAuthCode
    description: str
    client: str = ""
    is_proven: bool = False

    def as_json(self) -> dict[str, str]:
        """The body of the answer; RFC 6749 allows only printable ASCII without quotation mark and backslash."""
        text = "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in self.description)
        return {"error": self.error, "error_description": text}


class _RefusedError(Exception):
    """Carries an `OAuthError` out of the steps below; never leaves this module."""

    def __init__(self, error: OAuthCode, description: str) -> None:
        super().__init__(description)
        self.error: OAuthCode = error


def issue_token(
    form: Iterable[tuple[str, str]], *, authority: Authority, registry: Registry, once: Once, now: datetime
) -> TokenAnswer | OAuthError:
    """Judge a token request.

    Args:
        form: Names and values of the form, in order, repeated names included.
        authority: The hub's address and keys.
        registry: Who is registered.
        once: Spends the assertion's id; run this in the store's turn so that it is durable before the answer.
        now: The present instant.
    """
    parameters: dict[str, str] = {}
    client: Client | None = None
    try:
        parameters = _parameters(form)
        client, claims = _authenticated(parameters, authority, registry, now)
        scopes = _granted_scopes(parameters, client)
        purpose = _purpose(parameters, claims, registry) or client.purpose
        _spend(client, claims, once)
    except _RefusedError as refused:
        is_proven = client is not None and refused.error != "invalid_client"  # an assertion used again proves nothing
        return OAuthError(refused.error, str(refused), _claimed_client(parameters), is_proven)
    token, grant = make_access_token(authority, client, scopes=scopes, purpose=purpose, now=now)
    return TokenAnswer(token, grant)


def _parameters(form: Iterable[tuple[str, str]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in form:
        if name in parameters:
            raise _RefusedError("invalid_request", f"{name[:40]} is there more than once")
        parameters[name] = value
    if not parameters.get("grant_type"):
        raise _RefusedError("invalid_request", "grant_type expected, found nothing")
    if parameters["grant_type"] != "client_credentials":
        found = parameters["grant_type"][:60]
        raise _RefusedError("unsupported_grant_type", f"grant_type client_credentials expected, found {found}")
    return parameters


def _authenticated(
    parameters: dict[str, str], authority: Authority, registry: Registry, now: datetime
) -> tuple[Client, dict[str, Any]]:
    found = parameters.get("client_assertion_type", "")
    if found != ASSERTION_TYPE:
        raise _RefusedError("invalid_client", f"client_assertion_type {ASSERTION_TYPE} expected, found {found[:80]}")
    assertion = parameters.get("client_assertion", "")
    if not assertion:
        raise _RefusedError("invalid_client", "client_assertion expected, found nothing")
    try:
        return _proven_client(assertion, parameters, authority, registry, now)
    except LoginError as error:
        raise _RefusedError("invalid_client", str(error)) from error


def _proven_client(
    assertion: str, parameters: dict[str, str], authority: Authority, registry: Registry, now: datetime
) -> tuple[Client, dict[str, Any]]:
    opened = open_token(assertion, type="JWT")
    id = text_claim(opened.claims, "iss")
    client = registry.client(id)
    if client is None:
        raise LoginError(f"client {id!r} is not registered here")
    claims = opened.proven_by(client.keys)
    if text_claim(claims, "sub") != id:
        raise LoginError(f"token: sub {id!r} expected, as in iss, found {claims['sub']!r}")
    if parameters.get("client_id", id) != id:
        raise LoginError(f"client_id and the assertion's iss {id!r} expected to be the same")
    check_audience(claims, authority.token_url)
    _check_life(claims, now)
    text_claim(claims, "jti", longest=_LONGEST_JTI)
    return client, claims


def _check_life(claims: dict[str, Any], now: datetime) -> None:
    expires = instant_claim(claims, "exp")
    check_not_expired(expires, now)
    check_issued(claims, now)
    latest = now + LEEWAY + LONGEST_ASSERTION_LIFE
    if "iat" in claims:
        latest = min(latest, instant_claim(claims, "iat") + LONGEST_ASSERTION_LIFE)
    if expires > latest:
        raise LoginError(f"token: exp at most 5 minutes ahead expected, found {claims['exp']}")


def _granted_scopes(parameters: dict[str, str], client: Client) -> Scopes:
    try:
        asked = parse_scopes(parameters.get("scope", ""))
    except InvalidError as error:
        raise _RefusedError("invalid_scope", str(error)) from error
    if not asked.granted:
        raise _RefusedError("invalid_scope", "scope expected, for example system/Patient.rs, found nothing")
    granted = asked.within(client.scopes)
    if not granted.granted:
        raise _RefusedError("invalid_scope", f"client {client.id!r} is registered for none of: {asked}")
    return granted


def _purpose(parameters: dict[str, str], claims: dict[str, Any], registry: Registry) -> str:
    """The one purpose stated, in the form or in the assertion; empty when there is none."""
    try:
        stated = {purpose_code(text) for text in (*_form_purposes(parameters), *_assertion_purposes(claims))}
    except CareloomError as error:
        raise _RefusedError("invalid_request", str(error)) from error
    if len(stated) > 1:
        raise _RefusedError("invalid_request", f"one purpose_of_use for a token expected, found {sorted(stated)}")
    for code in stated - registry.purposes:
        accepted = ", ".join(sorted(registry.purposes))
        raise _RefusedError("invalid_request", f"purpose_of_use {code} is not accepted here, only {accepted}")
    return next(iter(stated), "")


def _form_purposes(parameters: dict[str, str]) -> list[str]:
    return parameters.get("purpose_of_use", "").split()


def _assertion_purposes(claims: dict[str, Any]) -> list[str]:
    extensions = claims.get("extensions", {})
    b2b = extensions.get("hl7-b2b", {}) if isinstance(extensions, dict) else None
    purposes = b2b.get("purpose_of_use", []) if isinstance(b2b, dict) else None
    if not isinstance(purposes, list) or not all(isinstance(each, str) for each in purposes):
        raise InvalidError("extensions.hl7-b2b.purpose_of_use expected as a list of texts")
    return purposes


def _spend(client: Client, claims: dict[str, Any], once: Once) -> None:
    until = instant_claim(claims, "exp") + LEEWAY
    if not once("client-assertion", f"{client.id} {claims['jti']}", until):
        raise _RefusedError("invalid_client", "token: jti was used before; an assertion is good for one use")


def _claimed_client(parameters: dict[str, str]) -> str:
    try:
        claims = open_token(parameters.get("client_assertion", ""), type="JWT").claims
        return text_claim(claims, "iss", longest=_LONGEST_JTI)
    except LoginError:
        return parameters.get("client_id", "")[:_LONGEST_JTI]
