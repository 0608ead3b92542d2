"""Claims of a token, read with their types: a claim of the wrong type is refused, never converted."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from careloom.model.errors import LoginError

LEEWAY: Final = timedelta(seconds=10)
"""How far ahead of ours the sender's clock may be."""

_LONGEST_TEXT: Final = 2048
_SECONDS: Final = range(0, 2**33)


def text_claim(claims: dict[str, Any], name: str, *, longest: int = _LONGEST_TEXT) -> str:
    """A claim that must be a text.

    Raises:
        LoginError: Missing, empty, not a text, not printable, or too long.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise LoginError(f"token: {name} expected as a text, found {_kind(value)}")
    if not value.isprintable():
        raise LoginError(f"token: {name} of printable characters expected, found {value[:40]!a}")
    if len(value) > longest:
        raise LoginError(f"token: {name} of at most {longest} characters expected, found {len(value)}")
    return value


def instant_claim(claims: dict[str, Any], name: str) -> datetime:
    """A claim that must be whole seconds since 1970.

    Raises:
        LoginError: Missing, not a whole number, or out of range.
    """
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value not in _SECONDS:
        raise LoginError(f"token: {name} expected as whole seconds since 1970, found {_kind(value)}")
    return datetime.fromtimestamp(value, UTC)


def check_audience(claims: dict[str, Any], expected: str) -> None:
    """See that the token was made for one audience, and that it is this one.

    Raises:
        LoginError: Missing, another audience, or more than one.
    """
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if audience != expected:
        raise LoginError(f"token: aud {expected!r} expected and nothing else, found {_kind(audience)}")


def check_issued(claims: dict[str, Any], now: datetime) -> None:
    """See that the instants before which a token is not good, where it has them, are not ahead.

    Raises:
        LoginError: ``iat`` or ``nbf`` is of the wrong type or lies in the future.
    """
    for name in ("iat", "nbf"):
        if name in claims and instant_claim(claims, name) > now + LEEWAY:
            raise LoginError(f"token: {name} lies in the future: {claims[name]} at {int(now.timestamp())}")


def check_not_expired(expires: datetime, now: datetime) -> None:
    """See that a token is still good.

    Raises:
        LoginError: Its end is now or was before.
    """
    if expires <= now:
        raise LoginError(f"token: expired at {expires:%Y-%m-%dT%H:%M:%SZ}")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return ascii(value[:200])
    if isinstance(value, list):
        return f"a list of {len(value)}"
    names = {type(None): "nothing", bool: "a boolean", dict: "an object"}
    return names.get(type(value), f"the number {str(value)[:20]}")
