"""The codes that an operation is asked about, from its Parameters."""

from collections.abc import Mapping
from typing import Any

from careloom.model.errors import InvalidError
from careloom.model.parameters import Inputs
from careloom.model.records import dataclass
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


def codes(inputs: Inputs, version: str = "systemVersion") -> tuple[CodeInput, ...]:
    """The code, or the codes of a CodeableConcept, that a call is about.

    Args:
        inputs: With ``code`` and ``system``, ``coding`` or ``codeableConcept``.
        version: The name under which the version of the system of ``code`` is given.

    Raises:
        InvalidError: None, or a Coding without code.
    """
    if inputs.text("code"):
        display = inputs.text("display") or None
        return (CodeInput(inputs.text("system") or None, inputs.text("code"), display, inputs.text(version)),)
    concept, coding = inputs.value("codeableConcept"), inputs.value("coding")
    codings = list(objects(concept.get("coding"))) if isinstance(concept, dict) else []
    found = tuple(map(_coded, [coding] if isinstance(coding, dict) else codings))
    if not found:
        raise InvalidError("code with system, coding or codeableConcept expected, found none of them")
    return found


def coded(inputs: Inputs, code: str, coding: str) -> CodeInput:
    """One code, as a code with ``system`` or as a Coding, by the names of the parameters.

    Raises:
        InvalidError: Neither is given.
    """
    value = inputs.value(coding)
    if isinstance(value, dict):
        return _coded(value)
    if not inputs.text(code):
        raise InvalidError(f"{code} with system, or {coding} expected, found neither")
    return CodeInput(inputs.text("system") or None, inputs.text(code), version=inputs.text("version"))


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
