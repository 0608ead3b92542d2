"""What must not be published: tokens, assertions and signing secrets, each replaced by its fingerprint.

The fingerprint lets a reader see that two requests carried the same token without learning the token.
"""

import hashlib
import re

from careloom.connectathon.exchange import Exchange, Headers, Message
from careloom.model.records import replace

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})

_SECRETS_IN_BODIES = (
    re.compile(rb"(?<=client_assertion=)[A-Za-z0-9_\-.%]+"),
    re.compile(rb"(?<=client_secret=)[^&\s]+"),
    re.compile(rb'(?<="access_token":")[^"]+'),
    re.compile(rb'(?<="access_token": ")[^"]+'),
    re.compile(rb'(?<="refresh_token":")[^"]+'),
    re.compile(rb'(?<="refresh_token": ")[^"]+'),
    re.compile(rb"whsec_[A-Za-z0-9+/=_\-]+"),
    re.compile(rb"\beyJ[A-Za-z0-9_\-]+\.eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*"),
)


def redacted(exchange: Exchange) -> Exchange:
    """The exchange as it may be shown: every secret replaced by ``[redacted FINGERPRINT]``."""
    return replace(exchange, request=_message(exchange.request), response=_message(exchange.response))


def fingerprint(secret: bytes) -> str:
    """Eight hexadecimal digits of the SHA-256: enough to recognise, far too few to guess."""
    return hashlib.sha256(secret).hexdigest()[:8]


def _message(message: Message) -> Message:
    body = message.body
    for pattern in _SECRETS_IN_BODIES:
        body = pattern.sub(_mark, body)
    return Message(_headers(message.headers), body)


def _headers(headers: Headers) -> Headers:
    return tuple((name, _hidden(value) if name in _SECRET_HEADERS else _scrubbed(value)) for name, value in headers)


def _hidden(value: str) -> str:
    scheme, space, secret = value.partition(" ")
    if not space:
        return f"[redacted {fingerprint(value.encode())}]"
    return f"{scheme} [redacted {fingerprint(secret.encode())}]"


def _scrubbed(value: str) -> str:
    text = value.encode("utf-8", "surrogateescape")
    for pattern in _SECRETS_IN_BODIES:
        text = pattern.sub(_mark, text)
    return text.decode("utf-8", "surrogateescape")


def _mark(found: re.Match[bytes]) -> bytes:
    return b"[redacted %s]" % fingerprint(found[0]).encode()
