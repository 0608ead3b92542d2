"""Access tokens: short JWTs that the hub signs with its own key and later recognises.

Claims after RFC 9068 (``typ`` is ``at+jwt``), plus ``purpose_of_use``. The organisation is not a claim: it is looked up
when the token is used, and the scopes are cut down to what the client is still registered for, so that what is taken
away in the settings is gone at once, not when the last token has run out.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from careloom.governance.claims import LEEWAY, check_audience, check_not_expired, instant_claim, text_claim
from careloom.governance.identity import Client, Registry
from careloom.governance.jose import open_token, sign_token
from careloom.governance.keys import PrivateKey, PublicKey
from careloom.governance.scopes import Scopes, parse_scopes
from careloom.model.errors import InvalidError, LoginError
from careloom.model.records import dataclass, field

ACCESS_TOKEN_TYPE: Final = "at+jwt"
LIFETIME: Final = timedelta(minutes=5)


def new_token_id() -> str:
    """128 random bits as text."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True, eq=False)
class Authority:
    """The hub as the issuer of tokens and as the server they are for; compared by identity.

    Attributes:
        base_url: The hub's FHIR base, without a slash at the end: ``iss`` and ``aud`` of its tokens.
        keys: The first one signs; tokens signed by any of them are recognised, so that keys can be changed.
        new_id: Makes the ``jti``.
    """

    base_url: str
    keys: tuple[PrivateKey, ...]
    lifetime: timedelta = LIFETIME
    new_id: Callable[[], str] = new_token_id
    public_keys: tuple[PublicKey, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_keys", tuple(key.public for key in self.keys))

    @property
    def token_url(self) -> str:
        """Where tokens are asked for; the only ``aud`` of a client assertion."""
        return f"{self.base_url}/auth/token"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token proves: who asks, what it may do at most, and why it asks.

    Attributes:
        client: Id of the client.
        organisation: Id of the client's organisation.
        scopes: What the token grants.
        purpose: Code of the purpose of use; empty when none was stated, which every decision then denies.
        expires: First instant at which the token is no longer good.
        token_id: The token's ``jti``.
        issued: When the token was made.
    """

    client: str
    organisation: str
    scopes: Scopes
    purpose: str
    expires: datetime
    token_id: str
    issued: datetime


def make_access_token(
    authority: Authority, client: Client, *, scopes: Scopes, purpose: str, now: datetime
) -> tuple[str, Grant]:
    """Sign a token; the grant is what `verify_token` will say of it."""
    issued = now.replace(microsecond=0)
    grant = Grant(
        client=client.id,
        organisation=client.organisation,
        scopes=scopes,
        purpose=purpose,
        expires=issued + authority.lifetime,
        token_id=authority.new_id(),
        issued=issued,
    )
    claims = {
        "iss": authority.base_url,
        "aud": authority.base_url,
        "sub": client.id,
        "client_id": client.id,
        "iat": int(grant.issued.timestamp()),
        "exp": int(grant.expires.timestamp()),
        "jti": grant.token_id,
        "scope": str(scopes),
    }
    if purpose:
        claims["purpose_of_use"] = purpose
    return sign_token(claims, authority.keys[0], type=ACCESS_TOKEN_TYPE), grant


def standing_grant(client: Client, purpose: str, now: datetime) -> Grant:
    """What a client would be granted if it asked for all it is registered for now.

    For work done on its behalf while it is not there to ask, such as telling it what it subscribed to. The grant is the
    same for a minute, so that what is made of it can be shared.
    """
    return _standing_grant(client, purpose, now.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _standing_grant(client: Client, purpose: str, minute: datetime) -> Grant:
    return Grant(
        client=client.id,
        organisation=client.organisation,
        scopes=client.scopes,
        purpose=purpose,
        expires=minute + LIFETIME,
        token_id="",
        issued=minute,
    )


def verify_token(token: str, *, authority: Authority, registry: Registry, now: datetime) -> Grant:
    """Recognise an access token of this hub.

    Raises:
        LoginError: Not a token of this hub, changed, expired, from the future, or of a client no longer registered;
            the message says which, and never repeats the token.
    """
    grant = _grant(token, authority, registry)
    check_not_expired(grant.expires, now)
    if grant.issued > now + LEEWAY:
        raise LoginError(f"token: iat lies in the future: {grant.issued:%Y-%m-%dT%H:%M:%SZ}")
    return grant


@lru_cache(maxsize=4096)
def _grant(token: str, authority: Authority, registry: Registry) -> Grant:
    """What does not change while the token, the keys and the registry are the same; refusals are not kept."""
    claims = open_token(token, type=ACCESS_TOKEN_TYPE).proven_by(authority.public_keys)
    issuer = text_claim(claims, "iss")
    if issuer != authority.base_url:
        raise LoginError(f"token: iss {authority.base_url!r} expected, found {issuer!r}")
    check_audience(claims, authority.base_url)
    client = _client(claims, registry)
    return Grant(
        client=client.id,
        organisation=client.organisation,
        scopes=_scopes(claims).within(client.scopes),
        purpose=text_claim(claims, "purpose_of_use") if "purpose_of_use" in claims else "",
        expires=instant_claim(claims, "exp"),
        token_id=text_claim(claims, "jti"),
        issued=instant_claim(claims, "iat"),
    )


def _client(claims: dict[str, object], registry: Registry) -> Client:
    id = text_claim(claims, "client_id")
    if text_claim(claims, "sub") != id:
        raise LoginError("token: sub and client_id expected to be the same")
    client = registry.client(id)
    if client is None:
        raise LoginError(f"token: client {id!r} is not registered here")
    return client


def _scopes(claims: dict[str, object]) -> Scopes:
    try:
        return parse_scopes(text_claim(claims, "scope"))
    except InvalidError as error:
        raise LoginError(f"token: {error}") from error
