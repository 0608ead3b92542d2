"""The arguments of fields, and the values that they are compared with."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from careloom.model.errors import MalformedError


def require_known(arguments: Mapping[str, Any], known: set[str], where: str) -> None:
    """Refuse arguments that a field does not have.

    Raises:
        MalformedError: There is one; names those that there are.
    """
    for name in arguments:
        if name not in known:
            raise MalformedError(f"{where}: one of {', '.join(sorted(known))} expected, found {name[:80]!r}")


def whole(arguments: Mapping[str, Any], name: str) -> int | None:
    """An argument that is a whole number from 0 on; None where it is not given.

    Raises:
        MalformedError: It is something else.
    """
    value = arguments.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise MalformedError(f"{name}: a whole number from 0 expected, found {value!r}")
    return value


def has_value(found: Any, wanted: Any) -> bool:
    """Whether an element has a value; of a list, whether one of its items has."""
    if isinstance(found, list):
        return any(has_value(each, wanted) for each in found)
    return type(found) is type(wanted) and bool(found == wanted)


def listed(value: Any) -> list[Any]:
    """A value as a list of one, unless it is a list."""
    return value if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """A value as a search has it.

    Raises:
        MalformedError: It is no simple value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float | Decimal):
        raise MalformedError(f"a text or number expected, found {value!r}")
    return str(value)
