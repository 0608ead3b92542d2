"""Media types: what a client can read, what it sends, how it wants it written."""

import re
from collections.abc import Iterable, Iterator

from careloom.rest.messages import FhirRequest
from careloom.rest.outcomes import NotAcceptableError, UnsupportedMediaError

FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"

_JSON = frozenset({FHIR_JSON, "application/json", "text/json", "application/json+fhir"})
_RANGES = frozenset({"*/*", "application/*", "text/*"})
_FORMATS = _JSON | {"json"}
_PARAMETER = re.compile(r"\s*([A-Za-z-]+)\s*=\s*\"?([^\s\";]*)\"?\s*")


def require_acceptable(request: FhirRequest) -> None:
    """See that the client reads JSON; ``_format`` overrides ``Accept``, as forms and browsers need.

    Raises:
        NotAcceptableError: It asks for something we do not write.
    """
    formats = request.values("_format")
    if formats:
        if not any(_is_json(text, _FORMATS) for text in formats):
            raise NotAcceptableError(f"_format: json expected, found {formats[-1]!r}")
        return
    accepted = request.header("accept")
    if accepted and not any(_is_json(text, _JSON | _RANGES) for text in accepted.split(",")):
        raise NotAcceptableError(f"Accept: {FHIR_JSON} expected, found {accepted!r}")


def require_resource_media(request: FhirRequest) -> None:
    """See that a body is said to be FHIR JSON in UTF-8.

    Raises:
        UnsupportedMediaError: It is said to be something else, or nothing.
    """
    _require_media(request, _JSON, FHIR_JSON)


def require_form_media(request: FhirRequest) -> None:
    """See that a body is said to be a form.

    Raises:
        UnsupportedMediaError: It is said to be something else.
    """
    _require_media(request, frozenset({FORM}), FORM)


def _require_media(request: FhirRequest, allowed: frozenset[str], expected: str) -> None:
    found, parameters = _media(request.header("content-type"))
    if found not in allowed:
        raise UnsupportedMediaError(f"Content-Type: {expected} expected, found {found or 'nothing'}")
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaError(f"Content-Type: charset utf-8 expected, found {charset}")
    encoding = request.header("content-encoding")
    if encoding not in ("", "identity"):
        raise UnsupportedMediaError(f"Content-Encoding: none expected, found {encoding}")


def _is_json(text: str, allowed: Iterable[str]) -> bool:
    media, parameters = _media(text.replace(" json", "+json"))  # an unescaped + in a query arrives as a space
    refused = parameters.get("q", "1").strip("0.") == "" and "q" in parameters
    return media in allowed and not refused and parameters.get("fhirversion", "4.0").startswith("4.0")


def _media(text: str) -> tuple[str, dict[str, str]]:
    """Media type in lower case, and its parameters by lower-case name."""
    media, *rest = text.split(";")
    return media.strip().lower(), dict(_parameters(rest))


def _parameters(parts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        found = _PARAMETER.fullmatch(part)
        if found:
            yield found[1].lower(), found[2]
