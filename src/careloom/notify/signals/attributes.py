"""Extension attributes of CloudEvents: what a sender says besides, ``sequence`` and ``subscription`` for one.

Nobody here knows what they mean, so they are kept with the signal as they came. They do not make it another signal: the
same event may come by two subscriptions, or again with another ``traceparent``.

Source: CloudEvents 1.0.2, attribute naming convention, type system, extension context attributes.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from careloom.model import serialize_json
from careloom.model.errors import InvalidError

Attributes = tuple[tuple[str, str | int], ...]
"""Texts, integers and booleans by name, in the order of names."""

MOST: Final = 50
"""Attributes of a signal."""

_NAME: Final = re.compile("[a-z0-9]{1,100}")
_LONGEST: Final = 2_000
_INTEGERS: Final = range(-(2**31), 2**31)
_SHOWN: Final = 50


def read_attributes(values: Mapping[str, Any]) -> Attributes:
    """Attributes as JSON has them; an empty text says nothing and is left out.

    Raises:
        InvalidError: They are not what they must be; the message names the attribute.
    """
    if len(values) > MOST:
        raise InvalidError(f"at most {MOST} extension attributes expected, {len(values)} found")
    for name, value in values.items():
        _check(name, value)
    return tuple((name, values[name]) for name in sorted(values) if values[name] != "")


def _check(name: str, value: Any) -> None:
    if not _NAME.fullmatch(name):
        told = "the name of an attribute in lower-case letters and digits expected"
        raise InvalidError(f"{told}, {name[:_SHOWN]!r} found", expression=name)
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise _wrong(name, f"at most {_LONGEST} characters expected, {len(value)} found")
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise _wrong(name, f"text without control characters expected, {value[:_SHOWN]!r} found")
    elif not isinstance(value, int) or value not in _INTEGERS:  # a boolean is one of Python's integers
        found = serialize_json(value).decode()[:_SHOWN]
        raise _wrong(name, f"a text, a boolean or an integer of 32 bits expected, {found} found")


def _wrong(name: str, told: str) -> InvalidError:
    return InvalidError(f"{name}: {told}", expression=name)
