"""The one place where a signed token is opened or made: JSON Web Signature in its compact form.

Both kinds of token that Careloom meets, the assertion of a client and the hub's own access token, pass through
`open_token` and `OpenedToken.proven_by`. What is refused here is refused for both, before any claim is looked at:

- a header that names anything but ``alg``, ``kid`` and ``typ``; so no key of the sender's choosing (``jwk``, ``jku``,
  ``x5c``, ``x5u``), no ``crit``, no unencoded payload (``b64``);
- an algorithm other than the asymmetric ones that fit the key on file: not ``none``, not ``HS256`` with a public key;
- a text over the ceiling, base64 that is not canonical, JSON with a name twice, fractions and ``NaN``.

joserfc does the cryptography. It is handed a key that is already chosen, never a set to guess from.
"""

import binascii
import json
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from careloom.governance.keys import ALGORITHMS, PrivateKey, PublicKey
from careloom.model.errors import LoginError
from careloom.model.records import dataclass

LONGEST_TOKEN: Final = 8192
"""Characters; real ones have under 2000."""

_HEADERS: Final = frozenset({"alg", "kid", "typ"})
_registry = jws.JWSRegistry(algorithms=ALGORITHMS)


@dataclass(frozen=True, slots=True)
class OpenedToken:
    """A token taken apart, with nothing proven yet.

    Attributes:
        claims: What it says; only good for finding the key to prove it with.
    """

    text: str
    algorithm: str
    kid: str
    claims: dict[str, Any]

    def proven_by(self, keys: Iterable[PublicKey]) -> dict[str, Any]:
        """The claims, once a key of that ``kid`` has verified the signature.

        Raises:
            LoginError: No such key, an algorithm that does not fit it, or a signature that is not its.
        """
        key = next((each for each in keys if each.kid == self.kid), None)
        if key is None:
            raise LoginError(f"token: no key with kid {self.kid!r} is on file")
        if self.algorithm not in key.algorithms:
            fitting = " or ".join(sorted(key.algorithms))
            raise LoginError(f"token: alg {fitting} expected for key {self.kid!r}, found {self.algorithm!r}")
        try:
            jws.deserialize_compact(self.text, key.jwk, registry=_registry)
        except (JoseError, ValueError) as error:
            raise LoginError(f"token: the signature is not that of key {self.kid!r}") from error
        return self.claims


def open_token(text: str, *, type: str) -> OpenedToken:
    """Take a compact token apart and check everything that needs no key.

    Args:
        text: The token as received.
        type: What the ``typ`` header must be, compared without case: ``JWT`` or ``at+jwt``.

    Raises:
        LoginError: Not a token of that type; the message says why and never repeats the token.
    """
    if len(text) > LONGEST_TOKEN:
        raise LoginError(f"token: at most {LONGEST_TOKEN} characters expected, found {len(text)}")
    parts = text.split(".")
    if len(parts) != 3:
        raise LoginError(f"token: three parts joined by dots expected, found {len(parts)}")
    header = _json_object(parts[0], "header")
    claims = _json_object(parts[1], "claims")
    return OpenedToken(text, _algorithm(header), _kid(header, type), claims)


def sign_token(claims: dict[str, Any], key: PrivateKey, *, type: str) -> str:
    """Make a compact token."""
    header = {"alg": key.algorithm, "kid": key.kid, "typ": type}
    return jws.serialize_compact(header, json.dumps(claims, separators=(",", ":")), key.jwk, registry=_registry)


def _algorithm(header: dict[str, Any]) -> str:
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise LoginError(f"token: alg {' or '.join(ALGORITHMS)} expected, found {algorithm!r}")
    return str(algorithm)


def _kid(header: dict[str, Any], type: str) -> str:
    extra = sorted(header.keys() - _HEADERS)
    if extra:
        raise LoginError(f"token: header {extra[0]!r} is not accepted, only {', '.join(sorted(_HEADERS))}")
    found = header.get("typ")
    if not isinstance(found, str) or found.lower() != type.lower():
        raise LoginError(f"token: typ {type!r} expected, found {found!r}")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise LoginError("token: a kid header expected, found none")
    return kid


def _json_object(part: str, name: str) -> dict[str, Any]:
    try:
        data = urlsafe_b64decode(part.encode("ascii")).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise LoginError(f"token: the {name} are not base64url of UTF-8") from error
    try:
        value = json.loads(data, object_pairs_hook=_named_once, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise LoginError(f"token: the {name} are not plain JSON: {error}") from error
    if not isinstance(value, dict):
        raise LoginError(f"token: the {name} are not a JSON object")
    return value


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"whole numbers expected, found {text[:20]}")
