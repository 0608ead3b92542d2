"""Value sets that nobody has to write down, since their URL says it all.

Source: FHIR R4, "Using SNOMED CT with FHIR", "Implicit Value Sets".
"""

from typing import Any

from careloom.model import Resource
from careloom.terminology.filters import SNOMED

_MARK = "?fhir_vs"


def implicit_value_set(url: str) -> Resource | None:
    """The value set that a URL such as ``http://snomed.info/sct?fhir_vs=isa/73211009`` stands for, or None.

    The URL may name an edition or a version: ``http://snomed.info/sct/83821000000107/version/20260401?fhir_vs``.
    Reference sets and ECL become a filter that is not understood here, so that membership is unknown.
    """
    edition, mark, query = url.partition(_MARK)
    if not mark or not (edition == SNOMED or edition.startswith(f"{SNOMED}/")):
        return None
    include: dict[str, Any] = {"system": SNOMED}
    if edition != SNOMED:
        include["version"] = edition
    if query:
        include["filter"] = [_filter(query.removeprefix("="))]
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": {"include": [include]}}


def _filter(query: str) -> dict[str, str]:
    kind, _, value = query.partition("/")
    if kind == "isa":
        return {"property": "concept", "op": "is-a", "value": value}
    if kind == "refset":
        return {"property": "concept", "op": "in", "value": value}
    return {"property": "constraint", "op": "=", "value": value}
