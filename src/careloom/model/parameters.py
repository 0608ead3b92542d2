"""The Parameters of an operation: read by name, and made from parts.

A parameter of a query string is text whatever its type, so that text is taken where it spells the type that is meant.
What a parameter should have been and is not is a `MalformedError` that names it.

Source: FHIR R4, Parameters; 3.2.0 operations.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.model.errors import MalformedError
from careloom.model.records import dataclass
from careloom.model.resource import Resource

Part = Mapping[str, Any]
"""One ``Parameters.parameter``: ``name`` with a value, a ``resource`` or parts."""

_LONGEST_NUMBER = 9
"""Digits of a whole number in text."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The parameters of one call.

    Attributes:
        parameters: A Parameters resource.
    """

    parameters: Resource

    def has(self, name: str) -> bool:
        """Whether a parameter is given."""
        return any(True for _ in self.parts(name))

    def parts(self, name: str) -> Iterator[Part]:
        """Every parameter of a name, as it stands in the resource."""
        return (part for part in parts_of(self.parameters.get("parameter")) if part.get("name") == name)

    def values(self, name: str) -> Iterator[Any]:
        """Every value of a name, as JSON."""
        for part in self.parts(name):
            yield from (value for key, value in part.items() if key.startswith("value"))

    def value(self, name: str) -> Any:
        """The first value of a name; None when not given."""
        return next(self.values(name), None)

    def text(self, name: str) -> str:
        """A text; empty when not given.

        Raises:
            MalformedError: It is something else.
        """
        return next(iter(self.texts(name)), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of a text; errors as of `text`."""
        return tuple(_text(name, value) for value in self.values(name))

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean.

        Raises:
            MalformedError: Neither true nor false.
        """
        value = self.value(name)
        if value is None:
            return default
        spelled = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        if not isinstance(spelled, bool):
            raise MalformedError(f"{name}: true or false expected, found {value!r}", expression=name)
        return spelled

    def whole(self, name: str) -> int | None:
        """A whole number from 0; None when not given.

        Raises:
            MalformedError: It is something else.
        """
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= _LONGEST_NUMBER:
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise MalformedError(f"{name}: a whole number from 0 expected, found {value!r}", expression=name)
        return value

    def resource(self, name: str, type: str) -> Resource | None:
        """A resource of a type; None when not given.

        Raises:
            MalformedError: It is of another type, or no resource.
        """
        for part in self.parts(name):
            found = part.get("resource")
            if not isinstance(found, dict) or found.get("resourceType") != type:
                raise MalformedError(f"{name}: a {type} expected", expression=name)
            return found
        return None


def parameters(*parts: Part) -> Resource:
    """A Parameters resource; parts with an empty value are left out."""
    told = [
        dict(part) for part in parts if any(value not in ("", None) for key, value in part.items() if key != "name")
    ]
    return {"resourceType": "Parameters", "parameter": told} if told else {"resourceType": "Parameters"}


def parts_of(element: Any) -> Iterator[Part]:
    """``Parameters.parameter`` or ``Parameters.parameter.part``, as far as it has the shape."""
    yield from (part for part in (element if isinstance(element, list) else ()) if isinstance(part, dict))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedError(f"{name}: a text expected, found {value!r}", expression=name)
    return value
