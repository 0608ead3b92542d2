"""What publishers of MNS let its subscribers filter a signal by: options by name, each a value or several.

    {"generalpractitioner": "Y12345", "subjectage": 45, "flags": ["NRAF", "SCRC"]}

Source: NHS England, Multicast Notification Service, publishing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from careloom.model.errors import InvalidError

Option = str | int | Decimal | tuple[str | int, ...]
"""A value; several where they are a tuple."""

Filtering = tuple[tuple[str, Option], ...]
"""Options by name, in the order of names."""

MOST: Final = 50
"""Options of a signal, and values of an option."""

_LONGEST: Final = 200
_DIGITS: Final = 18


def read_filtering(value: Any) -> Filtering:
    """Options as JSON has them.

    Raises:
        InvalidError: They are not what they must be; the message names the option.
    """
    if not isinstance(value, dict):
        raise _wrong("", f"an object of options by name expected, {_kind(value)} found")
    if len(value) > MOST:
        raise _wrong("", f"at most {MOST} options expected, {len(value)} found")
    for name in value:
        _check_text("", name)
    return tuple((name, _option(name, value[name])) for name in sorted(value))


def written_filtering(filtering: Filtering) -> Mapping[str, Any]:
    """The options as JSON has them."""
    return {name: list(option) if isinstance(option, tuple) else option for name, option in filtering}


def _option(name: str, value: Any) -> Option:
    if not isinstance(value, list):
        return _value(name, value, "a text, a number or a list of texts or integers")
    if len(value) > MOST:
        raise _wrong(name, f"at most {MOST} values expected, {len(value)} found")
    values = [_value(name, each, "a text or an integer") for each in value]
    if not values or any(isinstance(each, Decimal) for each in values):
        raise _wrong(name, f"a list of texts or integers expected, {'a decimal' if values else 'an empty one'} found")
    return tuple(each for each in values if not isinstance(each, Decimal))


def _value(name: str, value: Any, expected: str) -> str | int | Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _wrong(name, f"{expected} expected, {_kind(value)} found")
    if isinstance(value, str):
        return _check_text(name, value)
    number = Decimal(value)
    if len(number.as_tuple().digits) > _DIGITS or abs(number.adjusted()) > _DIGITS:
        raise _wrong(name, f"a number of at most {_DIGITS} digits expected, a longer one found")
    return value


def _check_text(name: str, text: str) -> str:
    if not 0 < len(text) <= _LONGEST:
        raise _wrong(name, f"a text of 1 to {_LONGEST} characters expected, {len(text)} found")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise _wrong(name, f"text without control characters expected, {text!r} found")
    return text


def _wrong(name: str, told: str) -> InvalidError:
    return InvalidError(f"filtering{f'.{name}' if name else ''}: {told}", expression="filtering")


def _kind(value: Any) -> str:
    names = {type(None): "nothing", bool: "a boolean", list: "a list", dict: "an object", str: "a text"}
    return names.get(type(value), "a number")
