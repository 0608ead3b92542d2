"""Media types: BCP 13 (RFC 6838), ``type/subtype`` with parameters."""

from careloom.model.late import late_pattern
from careloom.terminology.formal.grammar import GrammarContent

MEDIA_TYPES = "urn:ietf:bcp:13"

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MEDIA_TYPE = late_pattern(rf'{_TOKEN}/(?:{_TOKEN}|\*)(?:\s*;\s*{_TOKEN}=(?:[^\s;"]+|"[^"]*"))*')
_SHORT_FORMATS = frozenset(["json", "ttl", "xml"])


def is_media_type(code: str) -> bool:
    """Whether this is ``type/subtype`` with or without parameters, or a short name of a FHIR format.

    Source: FHIR R4, CapabilityStatement.format.
    """
    return code in _SHORT_FORMATS or _MEDIA_TYPE.fullmatch(code) is not None


def media_types() -> GrammarContent:
    """The code system of media types."""
    return GrammarContent(MEDIA_TYPES, "BCP 13", is_media_type, is_case_sensitive=False)
