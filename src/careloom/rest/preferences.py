"""What a client prefers: the ``Prefer`` header of RFC 7240 with FHIR's words."""

import re
from functools import lru_cache

from careloom.model.records import dataclass
from careloom.rest.messages import FhirRequest

MINIMAL = "minimal"
REPRESENTATION = "representation"
OPERATION_OUTCOME = "OperationOutcome"

_ASYNC = "respond-async"
_RETURNS = {
    **{each.lower(): each for each in (MINIMAL, REPRESENTATION, OPERATION_OUTCOME)},
    "presentation": REPRESENTATION,
}
"""By what was written, in lower case, what is meant: ``presentation`` is what fhirclient.js sends."""

_TOKEN = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*\"?([A-Za-z0-9-]+)\"?\s*")


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences we honour; unknown ones are ignored, and names written in any case, as RFC 7240 demands.

    Attributes:
        returns: ``minimal``, ``representation``, ``OperationOutcome``, or empty where nothing was said.
        strict: Whether a search parameter that is not understood must fail the request.
        is_async: Whether the answer may come later.
    """

    returns: str = ""
    strict: bool = False
    is_async: bool = False


def preferences(request: FhirRequest) -> Preferences:
    """Read ``Prefer: return=minimal; handling=strict``, parted by commas or semicolons.

    Source: FHIR R4, 3.1.0.1.8 (return) and 3.1.1.4 (handling); RFC 7240.
    """
    return _of_header(request.header("prefer"))


@lru_cache(maxsize=256)
def _of_header(prefer: str) -> Preferences:
    parts = [part.strip() for part in re.split("[,;]", prefer)]
    said = {found[1].lower(): found[2].lower() for found in map(_TOKEN.fullmatch, parts) if found}
    is_async = _ASYNC in map(str.lower, parts)
    return Preferences(_RETURNS.get(said.get("return", ""), ""), said.get("handling") == "strict", is_async)
