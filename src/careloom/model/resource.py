"""FHIR values as plain dictionaries, with the few questions everybody asks of them."""

from typing import Any

Resource = dict[str, Any]
"""A resource as parsed JSON: ``resourceType`` and the properties as FHIR writes them.

Decimals are `careloom.model.numbers.ExactDecimal` or ``int``, never ``float``.
"""


def resource_type(resource: Resource) -> str:
    """The ``resourceType``, or the empty string where there is none."""
    name = resource.get("resourceType")
    return name if isinstance(name, str) else ""


def local_reference(resource: Resource) -> str:
    """``Type/id`` of a resource that has both."""
    return f"{resource['resourceType']}/{resource['id']}"
