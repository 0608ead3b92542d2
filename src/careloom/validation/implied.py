"""Profiles that the specification applies to resources by what they are, claimed or not.

Source: FHIR R4, Observation, "Vital Signs Profile": an Observation with one of these LOINC codes shall conform.
"""

from collections.abc import Iterator, Mapping

from careloom.model import Resource

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_LOINC = "http://loinc.org"

VITAL_SIGNS: Mapping[str, str] = {
    "85353-1": "vitalspanel",
    "9279-1": "resprate",
    "8867-4": "heartrate",
    "2708-6": "oxygensat",
    "8310-5": "bodytemp",
    "8302-2": "bodyheight",
    "9843-4": "headcircum",
    "29463-7": "bodyweight",
    "39156-5": "bmi",
    "85354-9": "bp",
}
"""LOINC code to the name of its profile."""


def implied_profiles(resource: Resource) -> Iterator[str]:
    """The canonical URLs of the profiles that apply to a resource unasked."""
    code = resource.get("code")
    if resource.get("resourceType") != "Observation" or not isinstance(code, dict):
        return
    codings = code.get("coding")
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and coding.get("system") == _LOINC and str(coding.get("code")) in VITAL_SIGNS:
            yield _BASE + VITAL_SIGNS[coding["code"]]
