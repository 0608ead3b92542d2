"""Invariants as their authors mean them.

A name such as ``Boolean`` is that of a type of FHIRPath, and an element of type ``boolean`` is not of it, as HL7's
suite for FHIRPath has it. Yet invariants are written as if it were, in the specification itself (que-7 says "answer is
Boolean"), and the reference validator reads them so. In an invariant the name is therefore taken for that of the FHIR
type; whoever means the type of FHIRPath writes ``System.Boolean``.
"""

import re

from careloom.model.late import late_pattern

_LITERAL = r"'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|//[^\n]*|/\*.*?\*/"
_TYPE = (
    r"\b(?P<test>is|as|ofType)(?P<between>\s*\(\s*|\s+)(?P<name>Boolean|DateTime|Date|Decimal|Integer|String|Time)\b"
)
_TEST = late_pattern(rf"(?:{_LITERAL})|{_TYPE}(?!\.)", re.DOTALL)


def as_meant(text: str) -> str:
    """The expression with the names of primitive types in the spelling of FHIR, where a type is tested."""
    return _TEST.sub(_spelt, text)


def _spelt(found: re.Match[str]) -> str:
    if found["name"] is None:
        return found[0]
    return found["test"] + found["between"] + found["name"][0].lower() + found["name"][1:]
