"""Profiles that the specification applies to resources by what they are, claimed or not.

An Observation of a vital sign shall conform to the profile of that sign. It is known by the LOINC code that the profile
fixes, by another LOINC code of the same measurement, or by a SNOMED CT code of it, as the reference validator has them.

Source: FHIR R4, Observation, "Vital Signs Profile".
"""

from collections.abc import Iterator, Mapping

from careloom.model import Resource

_BASE = "http://hl7.org/fhir/StructureDefinition/"

_LOINC: Mapping[str, tuple[str, ...]] = {
    "vitalspanel": ("85353-1",),
    "resprate": ("9279-1",),
    "heartrate": ("8867-4",),
    "oxygensat": ("2708-6", "20564-1", "59408-5"),
    "bodytemp": ("8310-5", "8331-1"),
    "bodyheight": ("8302-2", "8306-3"),
    "headcircum": ("9843-4", "8287-5"),
    "bodyweight": ("29463-7", "3141-9"),
    "bmi": ("39156-5",),
    "bp": ("85354-9", "35094-2", "55284-4", "8480-6"),
}
_SNOMED: Mapping[str, tuple[str, ...]] = {
    "vitalspanel": ("46680005",),
    "resprate": ("86290005", "271625008"),
    "oxygensat": ("431314004", "442476006"),
    "bodytemp": (
        *("276885007", "307047009", "364246006", "386725007", "415882003"),
        *("415929009", "415945006", "415974002", "431598003"),
    ),
    "bodyheight": ("50373000", "1153637007"),
    "headcircum": ("363811000", "363812007"),
    "bodyweight": ("425024002", "735395000"),
    "bmi": ("60621009",),
    "bp": ("163035008", "271649006", "271650006"),
}

VITAL_SIGNS: Mapping[tuple[str, str], str] = {
    (system, code): _BASE + name
    for system, signs in (("http://loinc.org", _LOINC), ("http://snomed.info/sct", _SNOMED))
    for name, codes in signs.items()
    for code in codes
}
"""System and code to the profile of the vital sign."""


def implied_profiles(resource: Resource) -> Iterator[str]:
    """The canonical URLs of the profiles that apply to a resource unasked."""
    code = resource.get("code")
    if resource.get("resourceType") != "Observation" or not isinstance(code, dict):
        return
    codings = code.get("coding")
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and (
            profile := VITAL_SIGNS.get((str(coding.get("system")), str(coding.get("code"))))
        ):
            yield profile
