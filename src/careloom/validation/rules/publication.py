"""Value sets and code systems that are to be published: what others have to know in order to use them.

Source: FHIR R4, profiles ShareableValueSet and ShareableCodeSystem. What HL7 publishes must have all of it.
"""

from collections.abc import Mapping

from careloom.model.late import late_pattern
from careloom.validation.context import Check, Scope
from careloom.validation.rules.parts import text

_WANTED: Mapping[str, tuple[str, ...]] = {
    "CodeSystem": ("url", "version", "title", "name", "status", "experimental", "description", "caseSensitive"),
    "ValueSet": ("url", "version", "title", "name", "status", "experimental", "description"),
}
_HL7 = late_pattern(r"https?://([a-z0-9-]+\.)*hl7\.org/")


def check_publication(scope: Scope, check: Check) -> None:
    """Tell what is missing, where the caller asked for it: an error for HL7's own, a warning for others."""
    wanted = _WANTED.get(str(scope.resource.get("resourceType")), ())
    if not check.options.for_publication or not wanted:
        return
    tell = check.error if _HL7.match(text(scope.resource, "url")) else check.warning
    for name in wanted:
        if name not in scope.resource and f"_{name}" not in scope.resource:
            tell("required", scope.path, f"{name} expected in what is published, none found", "publication")
