"""Standard Webhooks signatures, so that a receiver knows who sent a notification and that it is whole.

What is signed is ``id.timestamp.body``: with HMAC-SHA256 under a shared secret (``whsec_``, scheme v1), or with Ed25519
under the hub's own key (``whsk_``, scheme v1a), of which the receiver knows the public half (``whpk_``) and so cannot
forge what it can verify. Several keys with white space between sign one after the other: while one takes the place of
another, receivers that know the old one and those that know the new one both find theirs.

The id stays the same over retries and is what a receiver drops duplicates by; the timestamp is that of each try.

Source: Standard Webhooks 1.0, https://www.standardwebhooks.com.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from careloom.model.errors import InvalidError, LoginError

PREFIX = "whsec_"
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
TOLERANCE = timedelta(minutes=5)
MINIMUM_BYTES = 24

_BLOCK = 64
_ED25519_BYTES: Final = 32
_LONGEST_TIMESTAMP: Final = 15

_Sign = Callable[[str, str, bytes], str]
"""From id, timestamp and body to a signature with its scheme."""


def new_secret() -> str:
    """A fresh secret of 32 random bytes, as ``whsec_…``."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def new_key_pair() -> tuple[str, str]:
    """A fresh key of the hub, as ``whsk_…``, and the half of it that receivers are given, as ``whpk_…``."""
    key = Ed25519PrivateKey.generate()
    written = [
        base64.b64encode(each).decode() for each in (key.private_bytes_raw(), key.public_key().public_bytes_raw())
    ]
    return PRIVATE_PREFIX + written[0], PUBLIC_PREFIX + written[1]


def check_keys(keys: str) -> None:
    """See that keys can be signed with.

    Raises:
        InvalidError: One of them is neither a secret nor a private key; the message never repeats it.
    """
    _signers(keys)


def secret_bytes(secret: str) -> bytes:
    """The key in a written secret.

    Raises:
        InvalidError: Not ``whsec_`` and base64 of at least 24 bytes; the message never repeats the secret.
    """
    key = _decoded(secret, PREFIX)
    if len(key) < MINIMUM_BYTES:
        raise InvalidError(f"webhook secret: {PREFIX} and base64 of at least {MINIMUM_BYTES} bytes expected")
    return key


def signed_headers(keys: str, webhook_id: str, sent: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed notification."""
    timestamp = str(int(sent.timestamp()))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join([sign(webhook_id, timestamp, body) for sign in _signers(keys)]),
    }


def verify(keys: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """Check a notification and give its ``webhook-id``.

    Args:
        keys: As shared with the sender: ``whsec_…`` or ``whpk_…``, or several with white space between.
        headers: With names in lower case.
        body: The bytes as received.
        now: To refuse what is older or newer than five minutes.

    Raises:
        LoginError: A header is missing, the time is off, or no signature is right.
        InvalidError: One of the keys is neither; the message never repeats it.
    """
    webhook_id, timestamp, signatures = (_header(headers, name) for name in ("id", "timestamp", "signature"))
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _LONGEST_TIMESTAMP
    if not is_number or abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise LoginError(f"webhook-timestamp: within five minutes of now expected, found {timestamp[:32]!r}")
    offered = signatures.split(" ")
    if not any(_is_signed(key, offered, webhook_id, timestamp, body) for key in keys.split()):
        raise LoginError("webhook-signature: none of the signatures is right for this body")
    return webhook_id


def _is_signed(key: str, offered: list[str], webhook_id: str, timestamp: str, body: bytes) -> bool:
    """Whether one of the signatures is by a key."""
    if not key.startswith(PUBLIC_PREFIX):
        expected = _mac(key, webhook_id, timestamp, body).encode()
        return any(hmac.compare_digest(expected, each.encode()) for each in offered)
    public = Ed25519PublicKey.from_public_bytes(_ed25519_bytes(key, PUBLIC_PREFIX))
    signed = _content(webhook_id, timestamp, body)
    return any(_is_right(public, signature, signed) for signature in _ed25519_signatures(offered))


def _ed25519_signatures(offered: list[str]) -> Iterator[bytes]:
    for each in offered:
        scheme, _, text = each.partition(",")
        if scheme == "v1a":
            yield _decoded(text, "")


def _is_right(public: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(f"webhook-{name}", "")
    if not value:
        raise LoginError(f"webhook-{name}: the header is missing")
    return value


@lru_cache(maxsize=1024)
def _signers(keys: str) -> tuple[_Sign, ...]:
    """What signs by each of some keys.

    Raises:
        InvalidError: One of them is neither a secret nor a private key, or there is none.
    """
    return tuple(_signer(key) for key in keys.split()) or (_signer(""),)


def _signer(key: str) -> _Sign:
    if key.startswith(PRIVATE_PREFIX):
        private = Ed25519PrivateKey.from_private_bytes(_ed25519_bytes(key, PRIVATE_PREFIX))
        return partial(_ed25519, private)
    secret_bytes(key)
    return partial(_mac, key)


def _ed25519(key: Ed25519PrivateKey, webhook_id: str, timestamp: str, body: bytes) -> str:
    return "v1a," + base64.b64encode(key.sign(_content(webhook_id, timestamp, body))).decode()


def _content(webhook_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{webhook_id}.{timestamp}.".encode() + body


def _ed25519_bytes(key: str, prefix: str) -> bytes:
    """The 32 bytes of a written key; some write a private key with its public half behind."""
    found = _decoded(key, prefix)
    if len(found) not in (_ED25519_BYTES, 2 * _ED25519_BYTES):
        raise InvalidError(f"webhook key: {prefix} and base64 of an Ed25519 key expected")
    return found[:_ED25519_BYTES]


def _decoded(written: str, prefix: str) -> bytes:
    """Base64 behind a prefix; nothing where it is something else."""
    if not written.startswith(prefix):
        return b""
    try:
        return base64.b64decode(written.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mac(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    inner, outer = (state.copy() for state in _states(secret))
    inner.update(f"{webhook_id}.{timestamp}.".encode())
    inner.update(body)
    outer.update(inner.digest())
    return "v1," + base64.b64encode(outer.digest()).decode()


@lru_cache(maxsize=1024)
def _states(secret: str) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """HMAC-SHA256 under a key up to where the message begins: the hash within and the one around it.

    Beginning from the key each time takes as long as a kilobyte of message. Source: RFC 2104.
    """
    key = secret_bytes(secret)
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(each ^ pad for each in block)) for pad in (0x36, 0x5C))
    return inner, outer
