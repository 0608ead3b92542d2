"""Standard Webhooks signatures, so that a receiver knows who sent a notification and that it is whole.

What is signed is ``id.timestamp.body`` with HMAC-SHA256 under a shared secret, written ``whsec_`` and base64.
The id stays the same over retries and is what a receiver drops duplicates by; the timestamp is that of each try.

Source: Standard Webhooks 1.0, https://www.standardwebhooks.com.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from careloom.model.errors import InvalidError, LoginError

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)
MINIMUM_BYTES = 24

_BLOCK = 64


def new_secret() -> str:
    """A fresh secret of 32 random bytes, as ``whsec_…``."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_bytes(secret: str) -> bytes:
    """The key in a written secret.

    Raises:
        InvalidError: Not ``whsec_`` and base64 of at least 24 bytes; the message never repeats the secret.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) < MINIMUM_BYTES:
        raise InvalidError(f"webhook secret: {PREFIX} and base64 of at least {MINIMUM_BYTES} bytes expected")
    return key


def signed_headers(secret: str, webhook_id: str, sent: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed notification."""
    timestamp = str(int(sent.timestamp()))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_mac(secret, webhook_id, timestamp, body)}",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """Check a notification and give its ``webhook-id``.

    Args:
        secret: As shared with the sender, ``whsec_…``.
        headers: With names in lower case.
        body: The bytes as received.
        now: To refuse what is older or newer than five minutes.

    Raises:
        LoginError: A header is missing, the time is off, or no signature is right.
    """
    webhook_id, timestamp, signatures = (_header(headers, name) for name in ("id", "timestamp", "signature"))
    if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise LoginError(f"webhook-timestamp: within five minutes of now expected, found {timestamp[:32]!r}")
    expected = f"v1,{_mac(secret, webhook_id, timestamp, body)}".encode()
    if not any(hmac.compare_digest(expected, offered.encode()) for offered in signatures.split(" ")):
        raise LoginError("webhook-signature: none of the signatures is right for this body")
    return webhook_id


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(f"webhook-{name}", "")
    if not value:
        raise LoginError(f"webhook-{name}: the header is missing")
    return value


def _mac(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    inner, outer = (state.copy() for state in _states(secret))
    inner.update(f"{webhook_id}.{timestamp}.".encode())
    inner.update(body)
    outer.update(inner.digest())
    return base64.b64encode(outer.digest()).decode()


@lru_cache(maxsize=1024)
def _states(secret: str) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """HMAC-SHA256 under a key up to where the message begins: the hash within and the one around it.

    Beginning from the key each time takes as long as a kilobyte of message. Source: RFC 2104.
    """
    key = secret_bytes(secret)
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(each ^ pad for each in block)) for pad in (0x36, 0x5C))
    return inner, outer
