"""Media types: what a client can read, what it sends, how it wants it written."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, Literal

from careloom.model.records import dataclass
from careloom.rest.errors import NotAcceptableError, UnsupportedMediaError
from careloom.rest.messages import FhirRequest

FHIR_JSON: Final = "application/fhir+json"
FHIR_XML: Final = "application/fhir+xml"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
FORM: Final = "application/x-www-form-urlencoded"
FHIR_VERSION: Final = "4.0"

Family = Literal["json", "xml"]

FAMILIES: Final[Mapping[str, Family]] = {
    FHIR_JSON: "json",
    "application/json": "json",
    "text/json": "json",
    "application/json+fhir": "json",
    FHIR_XML: "xml",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/xml+fhir": "xml",
}
"""Media types that mean FHIR, the old and the general ones among them."""

_GENERAL: Final = frozenset({"application/json", "text/json", "application/xml", "text/xml"})
"""Those that say nothing of FHIR: who accepts one is answered in it."""

_BARE: Final[Mapping[str, Family]] = {"json": "json", "xml": "xml"}
_RANGES: Final = frozenset({"*/*", "application/*"})
_MEDIA: Final[Mapping[Family, str]] = {"json": FHIR_JSON, "xml": FHIR_XML}
_MEANT: Final = 0.999
"""What a range such as ``*/*`` counts beside a format that is named with the same quality."""

_SPACE_FOR_PLUS = re.compile(r" (?=(?:fhir|json|xml)\s*(?:;|$))")  # as the query of an address has it
_PARAMETER = re.compile(r"\s*([A-Za-z-]+)\s*=\s*\"?([^\s\";]*)\"?\s*")
_EXPECTED = f"{FHIR_JSON} or {FHIR_XML}"


@dataclass(frozen=True, slots=True)
class Format:
    """How an answer is written.

    Attributes:
        family: JSON or XML.
        pretty: Whether lines are broken and indented.
        version_named: Whether the client asked for a FHIR version, so the answer names it too.
        is_explicit: Whether the client named a FHIR format, and not just anything.
        media: The general media type that the client accepts; empty where it is FHIR's own.
    """

    family: Family = "json"
    pretty: bool = False
    version_named: bool = False
    is_explicit: bool = False
    media: str = ""

    @property
    def content_type(self) -> str:
        """The media type, as the answer's ``Content-Type`` has it."""
        version = f"; fhirVersion={FHIR_VERSION}" if self.version_named else ""
        return f"{self.media or _MEDIA[self.family]}{version}; charset=utf-8"


def chosen_format(request: FhirRequest) -> Format:
    """The format a client wants; ``_format`` overrides ``Accept``, as forms and browsers need.

    Source: FHIR R4, 3.1.0.1.9 content types and encodings; RFC 9110, 12.5.1.

    Raises:
        NotAcceptableError: It wants something we do not write.
    """
    if not request.parameters:
        return _of_header(request.header("accept"), False)
    pretty = request.values("_pretty")[-1:] == ["true"]
    asked = request.values("_format")
    if asked:
        return _of_parameter(asked[-1], pretty)
    return _of_header(request.header("accept"), pretty)


def acceptable_or_json(request: FhirRequest) -> Format:
    """The format a client wants, or JSON where it cannot be had: something to tell a refusal in."""
    try:
        return chosen_format(request)
    except NotAcceptableError:
        return Format()


def takes_raw(request: FhirRequest) -> bool:
    """Whether the answer has a format of its own: a file of a job, a stream, or a Binary told as what it holds.

    A Binary is so when it is read and the client names no format of FHIR.

    Source: FHIR R4, Binary, 2.42.2 rest of binary; Bulk Data Access 2.0.0, output file request.
    """
    if request.code in ("$job-file", "$stream"):
        return True
    if request.type != "Binary" or request.code not in ("read", "vread"):
        return False
    try:
        return not chosen_format(request).is_explicit
    except NotAcceptableError:
        return not request.values("_format")


def sent_family(request: FhirRequest) -> Family:
    """The format of a resource in the body.

    Raises:
        UnsupportedMediaError: It is said to be something else, another FHIR version, or nothing.
    """
    media = require_media(request, frozenset(FAMILIES), _EXPECTED)
    return FAMILIES[media]


def sent_media(request: FhirRequest) -> str:
    """The media type of the body, in lower case and without parameters; empty where nothing is said."""
    return _media(request.header("content-type"))[0]


def require_form_media(request: FhirRequest) -> None:
    """See that a body is said to be a form.

    Raises:
        UnsupportedMediaError: It is said to be something else.
    """
    require_media(request, frozenset({FORM}), FORM)


def require_media(request: FhirRequest, allowed: frozenset[str], expected: str) -> str:
    """The media type of the body, which must be one of those allowed, in UTF-8.

    Raises:
        UnsupportedMediaError: It is said to be something else, or nothing.
    """
    found, parameters = _media(request.header("content-type"))
    if found not in allowed:
        raise UnsupportedMediaError(f"Content-Type: {expected} expected, found {found or 'nothing'}")
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaError(f"Content-Type: charset utf-8 expected, found {charset}")
    if not _is_our_version(parameters):
        version = parameters["fhirversion"]
        raise UnsupportedMediaError(f"Content-Type: fhirVersion {FHIR_VERSION} expected, found {version}")
    return found


@lru_cache(maxsize=256)
def _of_header(accepted: str, pretty: bool) -> Format:
    """What an ``Accept`` header comes to; the same few come again and again."""
    if not accepted.strip():
        return Format(pretty=pretty)
    quality, best = max(_accepted(accepted, pretty), key=lambda each: each[0], default=(0.0, Format()))
    if quality <= 0:
        raise NotAcceptableError(f"Accept: {_EXPECTED} of FHIR {FHIR_VERSION} expected, found {accepted[:200]!r}")
    return best


def _of_parameter(text: str, pretty: bool) -> Format:
    media, parameters = _media(_SPACE_FOR_PLUS.sub("+", text))
    family = FAMILIES.get(media) or _BARE.get(media)
    if family is None or not _is_our_version(parameters):
        raise NotAcceptableError(f"_format: json or xml of FHIR {FHIR_VERSION} expected, found {text[:80]!r}")
    return Format(family, pretty, "fhirversion" in parameters, is_explicit=True)


def _accepted(header: str, pretty: bool) -> Iterator[tuple[float, Format]]:
    """Each format that a header accepts, with its quality; what is named counts more than what is only meant."""
    asked = [_media(text) for text in header.split(",")]
    refused = {FAMILIES[media] for media, parameters in asked if media in FAMILIES and _quality(parameters) <= 0}
    for media, parameters in asked:
        quality = _quality(parameters)
        if not _is_our_version(parameters):
            continue
        versioned = "fhirversion" in parameters
        if media in FAMILIES:
            named = media if media in _GENERAL else ""
            yield quality, Format(FAMILIES[media], pretty, versioned, is_explicit=True, media=named)
        elif media in _RANGES:
            meant: tuple[Family, ...] = ("json", "xml")
            yield from ((quality * _MEANT, Format(each, pretty, versioned)) for each in meant if each not in refused)


def _quality(parameters: Mapping[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 0.0


def _is_our_version(parameters: Mapping[str, str]) -> bool:
    return parameters.get("fhirversion", FHIR_VERSION) in (FHIR_VERSION, f"{FHIR_VERSION}.1")


def _media(text: str) -> tuple[str, dict[str, str]]:
    """Media type in lower case, and its parameters by lower-case name."""
    media, *rest = text.split(";")
    return media.strip().lower(), dict(_parameters(rest))


def _parameters(parts: list[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        found = _PARAMETER.fullmatch(part)
        if found:
            yield found[1].lower(), found[2]
