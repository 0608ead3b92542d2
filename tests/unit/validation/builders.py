"""Resources and profiles with defaults, so that a test shows only what it is about."""

from collections.abc import Sequence
from typing import Any

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.validation import Options, Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
PROFILE = "http://example.org/StructureDefinition/p"


def patient(**fields: Any) -> Resource:
    return {"resourceType": "Patient", **fields}


def observation(**fields: Any) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **fields}


def bundle(*entries: dict[str, Any], kind: str = "collection", **fields: Any) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **fields}


def profile(type: str, *elements: dict[str, Any], url: str = PROFILE, **fields: Any) -> Resource:
    """A profile by its differential; elements are given with ``path`` and, for slices, ``sliceName``."""
    named = [{"id": element.get("id", element["path"]), **element} for element in elements]
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "P",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource"
        if type[0].isupper() and type not in ("Extension", "Quantity", "HumanName")
        else "complex-type",
        "abstract": False,
        "type": type,
        "baseDefinition": BASE + type,
        "derivation": "constraint",
        "differential": {"element": named},
        **fields,
    }


def judge(
    definitions: Definitions,
    resource: Resource,
    *,
    extra: Sequence[Resource] = (),
    profiles: Sequence[str] = (),
    options: Options | None = None,
) -> list[Issue]:
    """The issues of a resource by core, the extra definitions, and the profiles."""
    known = definitions.with_resources(extra) if extra else definitions
    return Validator(known, options=options or Options()).validate(resource, profiles=profiles)


def errors(issues: Sequence[Issue]) -> list[str]:
    """What the errors among the issues say."""
    return [issue.diagnostics for issue in issues if issue.is_error]


def by_profile(definitions: Definitions, resource: Resource, *elements: dict[str, Any], **fields: Any) -> list[str]:
    """The errors of a resource by a profile of its type that has these elements."""
    made = profile(resource["resourceType"], *elements, **fields)
    return errors(judge(definitions, resource, extra=[made], profiles=[made["url"]]))
