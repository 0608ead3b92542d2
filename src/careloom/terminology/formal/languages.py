"""Languages: BCP 47 (RFC 5646). A tag is checked by its form; the registry of subtags is not looked at."""

from collections.abc import Mapping

from careloom.model.late import late_pattern
from careloom.terminology.formal.grammar import GrammarContent

LANGUAGES = "urn:ietf:bcp:47"

_TAG = late_pattern(
    r"(?:(?P<language>[A-Za-z]{2,3}(?:-(?P<extlang>[A-Za-z]{3}(?:-[A-Za-z]{3}){0,2}))?|[A-Za-z]{4}|[A-Za-z]{5,8})"
    r"(?:-(?P<script>[A-Za-z]{4}))?"
    r"(?:-(?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?P<variant>(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
    r"(?P<extension>(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*)"
    r"(?:-(?P<private>[xX](?:-[A-Za-z0-9]{1,8})+))?"
    r"|[xX](?:-[A-Za-z0-9]{1,8})+)"
)
_PROPERTIES = {"extlang": "ext-lang", "private": "private-use"}
"""What the specification calls a part, where a group of the expression cannot have that name."""


def is_language(code: str) -> bool:
    """Whether a tag is well formed by BCP 47."""
    return _TAG.fullmatch(code) is not None


def language_parts(code: str) -> Mapping[str, str]:
    """The parts that a tag has, by the property names of FHIR: ``language``, ``script``, ``region`` and so on."""
    match = _TAG.fullmatch(code)
    groups = match.groupdict() if match else {}
    return {_PROPERTIES.get(name, name): text.lstrip("-") for name, text in groups.items() if text}


def languages() -> GrammarContent:
    """The code system of languages."""
    names = frozenset(_PROPERTIES.get(name, name) for name in _TAG.groupindex)
    return GrammarContent(LANGUAGES, "BCP 47", is_language, language_parts, names, is_case_sensitive=False)
