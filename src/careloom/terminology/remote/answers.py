"""What a terminology server's answer says, read with suspicion: only a clear yes is ``in``.

A server also answers ``false`` when it does not know the value set or the code system; that is told apart here,
and is ``unknown``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.model import Resource
from careloom.terminology.concept import objects
from careloom.terminology.results import CodeResult

_SAYS_UNKNOWN = frozenset({"x-caused-by-unknown-system", "x-unknown-system"})
_UNKNOWN_TYPES = frozenset({"not-found", "not-supported", "too-costly", "exception", "timeout", "processing"})
_CODE_IS_UNKNOWN = frozenset({"invalid-code", "not-in-vs"})
"""Codes of ``tx-issue-type`` that are about the code, whatever the type of the issue."""


def membership_answer(parameters: Resource, told: str) -> CodeResult:
    """Read the Parameters that $validate-code gives.

    Args:
        parameters: As the server sent it, of whatever shape.
        told: The code in words, and what it was held against.
    """
    values = dict(_values(parameters))
    message, display = _text(values.get("message")), _text(values.get("display"))
    result = values.get("result")
    if result is True:
        return CodeResult("in", display=display)
    if result is False and not _is_ignorance(parameters, values):
        return CodeResult("out", message or f"{told}: not in it, says the terminology server")
    why = message or _said(parameters) or "no result"
    return CodeResult("unknown", f"{told}: the terminology server cannot tell: {why}")


def expansion_answer(resource: Resource) -> Resource | None:
    """The ValueSet that $expand gives, if it is one with an expansion."""
    is_one = resource.get("resourceType") == "ValueSet" and isinstance(resource.get("expansion"), dict)
    return resource if is_one else None


def _is_ignorance(parameters: Resource, values: Mapping[str, Any]) -> bool:
    if not _SAYS_UNKNOWN.isdisjoint(values):
        return True
    outcomes = (part.get("resource") for part in objects(parameters.get("parameter")) if part.get("name") == "issues")
    issues = [issue for outcome in outcomes if isinstance(outcome, dict) for issue in objects(outcome.get("issue"))]
    return any(_tells_ignorance(issue) for issue in issues)


def _tells_ignorance(issue: Mapping[str, Any]) -> bool:
    if issue.get("severity") not in ("error", "fatal"):
        return False
    details = issue.get("details")
    codings = objects(details.get("coding")) if isinstance(details, dict) else iter(())
    types = {coding.get("code") for coding in codings}
    return issue.get("code") in _UNKNOWN_TYPES and types.isdisjoint(_CODE_IS_UNKNOWN)


def _values(parameters: Resource) -> Iterator[tuple[str, Any]]:
    for part in objects(parameters.get("parameter")):
        value = next((value for key, value in part.items() if key.startswith("value")), None)
        yield str(part.get("name", "")), value


def _said(resource: Resource) -> str:
    """What an OperationOutcome says."""
    for issue in objects(resource.get("issue")):
        details = issue.get("details")
        text = details.get("text") if isinstance(details, dict) else None
        return _text(issue.get("diagnostics")) or _text(text) or _text(issue.get("code"))
    return ""


def _text(value: Any) -> str:
    return value[:500] if isinstance(value, str) else ""
