"""Keys as JSON Web Keys: the public ones of clients, the private ones of the hub and of simulated suppliers.

A key says once, when it is read, with which algorithms it may be used; a signature is then only ever checked with an
algorithm that fits the key, which is what makes confusion of algorithms impossible. Symmetric keys do not exist here.
"""

import json
import secrets
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, field

ALGORITHMS: Final = ("ES384", "RS384", "ES256", "PS384")
"""Signature algorithms that clients may use; SMART expects the first two of everybody."""

_CURVES: Final = {"P-256": "ES256", "P-384": "ES384"}
_RSA_ALGORITHMS: Final = frozenset({"RS384", "PS384"})
_RSA_LEAST_BITS: Final = 2048
_RSA_MOST_BITS: Final = 4096
_LONGEST_KID: Final = 256

_Jwk: TypeAlias = ECKey | RSAKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with, and the algorithms it may be used with."""

    kid: str
    algorithms: frozenset[str]
    jwk: _Jwk = field(repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """The public JWK."""
        return {**self.jwk.as_dict(private=False), "kid": self.kid, "use": "sig"}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs with one algorithm; its ``repr`` tells no secret."""

    kid: str
    algorithm: str
    jwk: _Jwk = field(repr=False, compare=False)

    @property
    def public(self) -> PublicKey:
        """The half that may be published."""
        return public_key(self.jwk.as_dict(private=False) | {"kid": self.kid, "alg": self.algorithm})

    def as_json(self) -> dict[str, Any]:
        """The private JWK: secret."""
        return {**self.jwk.as_dict(private=True), "kid": self.kid, "alg": self.algorithm, "use": "sig"}


def new_key(algorithm: str = "ES384", *, kid: str = "") -> PrivateKey:
    """Make a key pair from the system's randomness; RSA with 3072 bits.

    Raises:
        InvalidError: An algorithm that is not one of `ALGORITHMS`.
    """
    if algorithm not in ALGORITHMS:
        raise InvalidError(f"algorithm {algorithm!r}: one of {', '.join(ALGORITHMS)} expected")
    curve = next((name for name, signs in _CURVES.items() if signs == algorithm), None)
    jwk: _Jwk = ECKey.generate_key(curve) if curve else RSAKey.generate_key(3072)
    return PrivateKey(kid or secrets.token_hex(8), algorithm, jwk)


def public_key(value: Any) -> PublicKey:
    """Read one public JWK.

    Raises:
        InvalidError: Not a public signature key of a kind that is accepted; the message says what is wrong with it.
    """
    jwk = _read(value)
    if jwk.is_private:
        raise InvalidError(f"key {value['kid']!r} is a private key: keep it secret and give the public one")
    return PublicKey(value["kid"], _algorithms(value, jwk), jwk)


def private_key(value: Any) -> PrivateKey:
    """Read one private JWK; where it names no ``alg``, RSA signs with RS384 and a curve with its own algorithm.

    Raises:
        InvalidError: Not a private signature key of a kind that is accepted.
    """
    jwk = _read(value)
    if not jwk.is_private:
        raise InvalidError(f"key {value['kid']!r} is a public key: a private one is needed to sign")
    algorithms = _algorithms(value, jwk)
    return PrivateKey(value["kid"], max(algorithms), jwk)


def public_keys(value: Any) -> tuple[PublicKey, ...]:
    """Read a JWK set of public keys.

    Raises:
        InvalidError: Not a JWK set, empty, a ``kid`` used twice, or one key is not acceptable.
    """
    keys = tuple(public_key(each) for each in _members(value))
    repeated = {key.kid for key in keys if sum(other.kid == key.kid for other in keys) > 1}
    if repeated:
        raise InvalidError(f"kid {min(repeated)!r} is used by two keys of the set")
    return keys


def private_keys(value: Any) -> tuple[PrivateKey, ...]:
    """Read one private JWK, or a set of them.

    Raises:
        InvalidError: As for `private_key`; or the set is empty.
    """
    is_set = isinstance(value, dict) and "keys" in value
    return tuple(private_key(each) for each in (_members(value) if is_set else [value]))


def jwks(keys: Iterable[PublicKey]) -> dict[str, Any]:
    """JWK set of public keys, as a client registers it and as the hub publishes its own."""
    return {"keys": [key.as_json() for key in keys]}


def _members(value: Any) -> list[Any]:
    members = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(members, list) or not members:
        raise InvalidError('a JWK set expected: {"keys": [ … ]} with at least one key')
    return members


def _read(value: Any) -> _Jwk:
    if not isinstance(value, dict):
        raise InvalidError(f"a key is a JSON object, found {json.dumps(value)[:40]}")
    kid = value.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:
        raise InvalidError(f"key without a usable kid: 1 to {_LONGEST_KID} characters expected, found {kid!r}")
    kinds: dict[Any, type[ECKey] | type[RSAKey]] = {"EC": ECKey, "RSA": RSAKey}
    kind = kinds.get(value.get("kty") if isinstance(value.get("kty"), str) else None)
    if kind is None:
        raise InvalidError(f"key {kid!r}: kty EC or RSA expected, found {value.get('kty')!r}")
    try:
        return kind.import_key(value)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidError(f"key {kid!r} cannot be read: {error}") from error


def _algorithms(value: dict[str, Any], jwk: _Jwk) -> frozenset[str]:
    if value.get("use", "sig") != "sig":
        raise InvalidError(f"key {value['kid']!r} is not for signatures: use is {value['use']!r}")
    fitting = _rsa_algorithms(value, jwk) if isinstance(jwk, RSAKey) else _ec_algorithms(value, jwk)
    named = value.get("alg")
    if named is None:
        return fitting
    if named not in fitting:
        raise InvalidError(f"key {value['kid']!r}: alg {named!r} does not fit; {', '.join(sorted(fitting))} would")
    return frozenset({named})


def _rsa_algorithms(value: dict[str, Any], jwk: RSAKey) -> frozenset[str]:
    bits = jwk.raw_value.key_size
    if not _RSA_LEAST_BITS <= bits <= _RSA_MOST_BITS:
        expected = f"{_RSA_LEAST_BITS} to {_RSA_MOST_BITS}"
        raise InvalidError(f"key {value['kid']!r}: RSA with {expected} bits expected, found {bits}")
    return _RSA_ALGORITHMS


def _ec_algorithms(value: dict[str, Any], jwk: ECKey) -> frozenset[str]:
    algorithm = _CURVES.get(jwk.curve_name)
    if algorithm is None:
        raise InvalidError(f"key {value['kid']!r}: curve {' or '.join(_CURVES)} expected, found {jwk.curve_name}")
    return frozenset({algorithm})
