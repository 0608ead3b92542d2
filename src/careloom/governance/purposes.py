"""Why somebody asks: purposes of use, codes of HL7's ActReason below PurposeOfUse.

A token carries one purpose, so that each decision and each audit record states exactly one. Purposes do not imply each
other: an agreement for TREAT says nothing about BTG (break the glass), although the code system files one below the
other.
"""

from typing import Any, Final

from careloom.model.errors import InvalidError

ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

PURPOSES: Final = {
    "BIORCH": "biomedical research",
    "BTG": "break the glass",
    "CAREMGT": "care management",
    "CLINTRCH": "clinical trial research",
    "CLINTRCHNPC": "clinical trial research without patient care",
    "CLINTRCHPC": "clinical trial research with patient care",
    "CLINTRL": "clinical trial",
    "CLMATTCH": "claim attachment",
    "COC": "coordination of care",
    "COVAUTH": "coverage authorization",
    "COVERAGE": "coverage under policy or program",
    "DISASTER": "disaster",
    "DONAT": "donation",
    "DSRCH": "disease specific healthcare research",
    "ELIGDTRM": "eligibility determination",
    "ELIGVER": "eligibility verification",
    "ENROLLM": "enrollment",
    "ERTREAT": "emergency room treatment",
    "ETREAT": "Emergency Treatment",
    "FAMRQT": "family requested",
    "FRAUD": "fraud",
    "GOV": "government",
    "HACCRED": "health accreditation",
    "HCOMPL": "health compliance",
    "HDECD": "decedent",
    "HDIRECT": "directory",
    "HDM": "healthcare delivery management",
    "HLEGAL": "legal",
    "HMARKT": "healthcare marketing",
    "HOPERAT": "healthcare operations",
    "HOUTCOMS": "health outcome measure",
    "HPAYMT": "healthcare payment",
    "HPRGRP": "health program reporting",
    "HQUALIMP": "health quality improvement",
    "HRESCH": "healthcare research",
    "HSYSADMIN": "health system administration",
    "HTEST": "test health data",
    "LABELING": "labeling",
    "MEMADMIN": "member administration",
    "METAMGT": "metadata management",
    "MILCDM": "military command",
    "MILDCRG": "military discharge",
    "PATADMIN": "patient administration",
    "PATRQT": "patient requested",
    "PATSFTY": "patient safety",
    "PERFMSR": "performance measure",
    "POARCH": "population origins or ancestry healthcare research",
    "POPHLTH": "population health",
    "PRECLINTRCH": "preclinical trial research",
    "PUBHLTH": "public health",
    "PWATRNY": "power of attorney",
    "RECORDMGT": "records management",
    "REMITADV": "remittance advice",
    "SUPNWK": "support network",
    "SYSDEV": "system development",
    "THREAT": "threat",
    "TRAIN": "training",
    "TRANSRCH": "translational healthcare research",
    "TREAT": "treatment",
}
"""Codes that a locality may accept, with their displays; which it does accept is a setting."""

# UDAP Security writes purposes as URIs with a fragment; the second is the code system's OID.
_PREFIXES: Final = (f"{ACT_REASON}#", "urn:oid:2.16.840.1.113883.5.8#")


def purpose_code(text: str) -> str:
    """The bare code of a purpose written as a code or as ``SYSTEM#CODE``.

    Raises:
        InvalidError: Not a purpose of use; the message has the text.
    """
    code = text
    for prefix in _PREFIXES:
        code = code.removeprefix(prefix)
    if code not in PURPOSES:
        raise InvalidError(f"purpose of use {text!r}: a code of {ACT_REASON} expected, for example TREAT")
    return code


def purpose_concept(code: str) -> dict[str, Any]:
    """CodeableConcept of a purpose."""
    coding = {"system": ACT_REASON, "code": code}
    if code in PURPOSES:
        coding["display"] = PURPOSES[code]
    return {"coding": [coding]}
