"""What is asked of a terminology server: the Parameters of its operations.

Only codes, code systems and value sets are sent: nothing of the record that they came from.
Value sets that are here are sent along, since the server need not know them: the one in question as ``valueSet``,
those that it imports as ``tx-resource``, the convention of HL7's terminology ecosystem.

Source: FHIR R4, ValueSet $validate-code and $expand, CodeSystem $validate-code.
"""

from collections.abc import Sequence
from typing import Any

from careloom.model import Resource
from careloom.terminology.expansion import ExpansionRequest


def membership_question(
    value_set_url: str, value_sets: Sequence[Resource], *, system: str | None, code: str
) -> Resource:
    """Parameters for ValueSet/$validate-code."""
    parts = _value_set(value_set_url, value_sets)
    parts.append({"name": "code", "valueCode": code})
    if system is None:
        parts.append({"name": "inferSystem", "valueBoolean": True})
    else:
        parts.append({"name": "system", "valueUri": system})
    parts.append({"name": "abstract", "valueBoolean": True})
    return _parameters(parts)


def code_question(canonical: str, code: str) -> Resource:
    """Parameters for CodeSystem/$validate-code."""
    url, _, version = canonical.partition("|")
    parts: list[dict[str, Any]] = [{"name": "url", "valueUri": url}, {"name": "code", "valueCode": code}]
    if version:
        parts.append({"name": "version", "valueString": version})
    return _parameters(parts)


def expansion_question(value_set_url: str, value_sets: Sequence[Resource], request: ExpansionRequest) -> Resource:
    """Parameters for ValueSet/$expand."""
    parts = _value_set(value_set_url, value_sets)
    told: list[tuple[str, str, Any]] = [
        ("filter", "valueString", request.text),
        ("displayLanguage", "valueCode", request.language),
        ("offset", "valueInteger", request.offset),
        ("activeOnly", "valueBoolean", request.active_only),
        ("excludeNotForUI", "valueBoolean", request.selectable_only),
        *(("system-version", "valueCanonical", "|".join(pair)) for pair in request.versions.default),
        *(("force-system-version", "valueCanonical", "|".join(pair)) for pair in request.versions.force),
        *(("check-system-version", "valueCanonical", "|".join(pair)) for pair in request.versions.check),
        *(("useSupplement", "valueCanonical", canonical) for canonical in request.supplements),
    ]
    parts += ({"name": name, key: value} for name, key, value in told if value)
    if request.count is not None:
        parts.append({"name": "count", "valueInteger": request.count})
    return _parameters(parts)


def _value_set(url: str, value_sets: Sequence[Resource]) -> list[dict[str, Any]]:
    if not value_sets:
        return [{"name": "url", "valueUri": url}]
    first, *imported = value_sets
    return [
        {"name": "valueSet", "resource": first},
        *({"name": "tx-resource", "resource": each} for each in imported),
    ]


def _parameters(parts: list[dict[str, Any]]) -> Resource:
    return {"resourceType": "Parameters", "parameter": parts}
