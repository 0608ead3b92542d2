"""Builders with defaults, and tokens made by hand: base64 and `cryptography` alone, no line of the code under test."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from careloom.governance import (
    Agreement,
    Authority,
    Client,
    Organisation,
    PrivateKey,
    Registry,
    new_key,
    parse_scopes,
)
from careloom.governance.client_assertion import ASSERTION_TYPE

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BASE = "https://hub.example/fhir"
TOKEN_URL = f"{BASE}/auth/token"

Sign = Callable[[bytes], bytes]


@cache
def key(algorithm: str = "ES384", kid: str = "k1") -> PrivateKey:
    """The same key pair for all tests, since RSA keys take long to make."""
    return new_key(algorithm, kid=kid)


@cache
def authority() -> Authority:
    return Authority(BASE, (key("ES256", "hub"),), new_id=lambda: "token-1")


def agreement(id: str = "letters", **changes: Any) -> Agreement:
    usual = Agreement(
        id=id,
        title="Letters to the practice",
        parties=("acute", "gp"),
        interactions=frozenset({"read", "search"}),
        types=frozenset({"Composition", "Patient"}),
        purposes=frozenset({"TREAT"}),
        start=NOW - timedelta(days=30),
        end=NOW + timedelta(days=30),
    )
    return replace(usual, **changes)


def registry(
    *agreements: Agreement,
    scopes: str = "system/*.cruds",
    keys: Iterable[PrivateKey] | None = None,
    purposes: Iterable[str] = ("TREAT", "HRESCH"),
) -> Registry:
    """Three organisations, each with one client whose id is the organisation's with ``-app``."""
    public = tuple(each.public for each in (keys if keys is not None else [key()]))
    names = {"acute": "Acute Hospital", "gp": "Practice", "social-care": "Council"}
    return Registry(
        organisations=tuple(Organisation(id, name, ods_code=id[:3].upper()) for id, name in names.items()),
        clients=tuple(Client(f"{id}-app", id, public, parse_scopes(scopes), f"{id} system") for id in names),
        agreements=agreements,
        purposes=frozenset(purposes),
    )


class Once:
    """Port of the store, in memory."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], datetime] = {}

    def __call__(self, scope: str, key: str, until: datetime) -> bool:
        is_new = (scope, key) not in self.seen
        self.seen[scope, key] = until
        return is_new


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def assertion_header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "ES384", "kid": "k1", "typ": "JWT"}, changes)


def assertion_claims(**changes: Any) -> dict[str, Any]:
    usual = {
        "iss": "gp-app",
        "sub": "gp-app",
        "aud": TOKEN_URL,
        "iat": seconds(NOW),
        "exp": seconds(NOW + timedelta(minutes=4)),
        "jti": "first",
    }
    return _changed(usual, changes)


def access_header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "ES256", "kid": "hub", "typ": "at+jwt"}, changes)


def access_claims(**changes: Any) -> dict[str, Any]:
    usual = {
        "iss": BASE,
        "aud": BASE,
        "sub": "gp-app",
        "client_id": "gp-app",
        "iat": seconds(NOW),
        "exp": seconds(NOW + timedelta(minutes=5)),
        "jti": "token-1",
        "scope": "system/Patient.rs",
        "purpose_of_use": "TREAT",
    }
    return _changed(usual, changes)


def raw_token(header: dict[str, Any] | str, claims: dict[str, Any] | str, sign: Sign) -> str:
    """A compact token by hand; header and claims as values, or as the JSON text itself."""
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(base64url(text.encode()) for text in texts)
    return f"{signed}.{base64url(sign(signed.encode()))}"


def form(assertion: str, **changes: Any) -> list[tuple[str, str]]:
    usual = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "purpose_of_use": "TREAT",
    }
    return list(_changed(usual, changes).items())


def es_signer(private: PrivateKey) -> Sign:
    native = private.jwk.private_key
    assert isinstance(native, ec.EllipticCurvePrivateKey)
    size = (native.key_size + 7) // 8
    digest = hashes.SHA256() if size == 32 else hashes.SHA384()

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(native.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def rs384_signer(private: PrivateKey) -> Sign:
    native = private.jwk.private_key
    assert isinstance(native, rsa.RSAPrivateKey)
    return lambda data: native.sign(data, padding.PKCS1v15(), hashes.SHA384())


def hmac_signer(secret: bytes) -> Sign:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def unsigned(data: bytes) -> bytes:
    return b""


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _changed(usual: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The usual values with some others; a change to None leaves the name out."""
    return {name: value for name, value in (usual | changes).items() if value is not None}
