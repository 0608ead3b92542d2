"""Compartments: whose resource this is, as the CompartmentDefinition resources have it.

A resource is in the compartment of each patient, encounter, practitioner, related person or device that certain of its
reference parameters lead to, and in that of itself.

Source: FHIR R4, 2.9 CompartmentDefinition.
"""

from collections.abc import Mapping

from careloom.definitions import Definitions

Members = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By compartment (``Patient``), by resource type, the codes of the parameters that put it there."""


def read_compartments(definitions: Definitions) -> Members:
    """All compartments of the definitions; one marked experimental replaces none."""
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for definition in definitions.all("CompartmentDefinition"):
        code = definition.get("code", "")
        if code and not (code in found and definition.get("experimental")):
            found[code] = {
                each["code"]: tuple(each.get("param", ()))
                for each in definition.get("resource", ())
                if each.get("param") or each.get("code") == code
            }
    return found
