"""The Parameters of an operation, read by name.

A parameter of a query string is text whatever its type, so that text is taken where it spells the type that is meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.terminology.concept import objects


@dataclass(frozen=True, slots=True)
class CodeInput:
    """A code that is asked about; ``system`` is None where none was given."""

    system: str | None
    code: str
    display: str | None = None
    version: str = ""

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.system}#{self.code}" if self.system else self.code


@dataclass(frozen=True, slots=True)
class Inputs:
    """The parameters of one call."""

    parameters: Resource

    def text(self, name: str) -> str:
        """A text; empty when not given.

        Raises:
            InvalidError: It is something else.
        """
        return next(iter(self.texts(name)), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of a text; errors as of `text`."""
        return tuple(self._text(name, value) for value in self._values(name))

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean.

        Raises:
            InvalidError: Neither true nor false.
        """
        value = self._value(name, default)
        spelled = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        if not isinstance(spelled, bool):
            raise InvalidError(f"{name}: true or false expected, found {value!r}", expression=name)
        return spelled

    def whole(self, name: str) -> int | None:
        """A whole number from 0; None when not given.

        Raises:
            InvalidError: It is something else.
        """
        value = self._value(name, None)
        if value is None:
            return None
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 10:
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidError(f"{name}: a whole number from 0 expected, found {value!r}", expression=name)
        return value

    def resource(self, name: str, type: str) -> Resource | None:
        """A resource; None when not given.

        Raises:
            InvalidError: It is of another type.
        """
        for part in self._parts(name):
            found = part.get("resource")
            if not isinstance(found, dict) or found.get("resourceType") != type:
                raise InvalidError(f"{name}: a {type} expected", expression=name)
            return found
        return None

    def codes(self) -> tuple[CodeInput, ...]:
        """The code, or the codes of a CodeableConcept, that the call is about.

        Raises:
            InvalidError: None, or a Coding without code.
        """
        if self.text("code"):
            display = self.text("display") or None
            return (CodeInput(self.text("system") or None, self.text("code"), display, self.text("systemVersion")),)
        concept = self._value("codeableConcept", {})
        codings = list(objects(concept.get("coding"))) if isinstance(concept, dict) else []
        coding = self._value("coding", None)
        found = tuple(map(_coded, [coding] if isinstance(coding, dict) else codings))
        if not found:
            raise InvalidError("code with system, coding or codeableConcept expected, found none of them")
        return found

    def coded(self, code: str, coding: str) -> CodeInput:
        """One code, as a code with ``system`` or as a Coding, by the names of the parameters.

        Raises:
            InvalidError: Neither is given.
        """
        value = self._value(coding, None)
        if isinstance(value, dict):
            return _coded(value)
        if not self.text(code):
            raise InvalidError(f"{code} with system, or {coding} expected, found neither")
        return CodeInput(self.text("system") or None, self.text(code), version=self.text("version"))

    def has(self, name: str) -> bool:
        """Whether a parameter is given."""
        return any(True for _ in self._parts(name))

    def _parts(self, name: str) -> Iterator[Mapping[str, Any]]:
        return (part for part in objects(self.parameters.get("parameter")) if part.get("name") == name)

    def _values(self, name: str) -> Iterator[Any]:
        for part in self._parts(name):
            yield from (value for key, value in part.items() if key.startswith("value"))

    def _value(self, name: str, default: Any) -> Any:
        return next(self._values(name), default)

    def _text(self, name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidError(f"{name}: a text expected, found {value!r}", expression=name)
        return value


def _coded(coding: Mapping[str, Any]) -> CodeInput:
    code, system, display, version = (coding.get(name) for name in ("code", "system", "display", "version"))
    if not isinstance(code, str) or not code:
        raise InvalidError("a coding with a code expected, found one without")
    return CodeInput(
        system if isinstance(system, str) else None,
        code,
        display if isinstance(display, str) else None,
        version if isinstance(version, str) else "",
    )
