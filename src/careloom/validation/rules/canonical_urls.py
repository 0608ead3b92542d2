"""Resources that others refer to by address: the address is absolute, and says neither version nor part.

Source: FHIR R4, references, "Canonical URLs"; the elements ``url`` of the resources that have one.
"""

from careloom.validation.context import Check, Scope
from careloom.validation.rules.parts import text


def check_canonical_url(scope: Scope, check: Check) -> None:
    """Check the address of a definition."""
    url = text(scope.resource, "url")
    if url and ":" not in url:
        message = f"an absolute address expected, by which others can refer to this, '{url}' found"
        check.error("invalid", (scope.path, "url"), message, "canonical-url")
