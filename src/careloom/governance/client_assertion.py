"""The client's side of SMART Backend Services: what a supplier's system sends to the token endpoint.

Used by our simulated suppliers, by tests, and by anyone who wants to see an example that works.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from careloom.governance.jose import sign_token
from careloom.governance.keys import PrivateKey

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME: Final = timedelta(minutes=4)
"""Under the five minutes allowed, to leave room for clocks that differ."""


def client_assertion(
    key: PrivateKey,
    *,
    client: str,
    token_url: str,
    now: datetime,
    purpose: str = "",
    lifetime: timedelta = LIFETIME,
    jti: str = "",
) -> str:
    """A signed assertion, good for one use.

    Args:
        key: The client's private key.
        client: Its id, as registered.
        token_url: Address of the token endpoint, exactly as the server publishes it.
        now: The present instant.
        purpose: Code of the purpose of use, carried as UDAP's ``hl7-b2b`` extension; nothing when empty.
        lifetime: How long it may be presented.
        jti: Its id; random unless given.
    """
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": client,
        "sub": client,
        "aud": token_url,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "jti": jti or secrets.token_urlsafe(24),
    }
    if purpose:
        claims["extensions"] = {"hl7-b2b": {"version": "1", "purpose_of_use": [purpose]}}
    return sign_token(claims, key, type="JWT")


def token_form(
    key: PrivateKey, *, client: str, token_url: str, scope: str, now: datetime, purpose: str = ""
) -> dict[str, str]:
    """The form to POST to the token endpoint as ``application/x-www-form-urlencoded``."""
    return {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_assertion(key, client=client, token_url=token_url, now=now, purpose=purpose),
    }
