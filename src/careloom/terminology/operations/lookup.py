"""CodeSystem $lookup. Source: FHIR R4, CodeSystem operation lookup."""

from collections.abc import Iterator

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.parameters import Inputs, Part, parameters
from careloom.terminology.concept import Concept
from careloom.terminology.displays import display_of
from careloom.terminology.operations.inputs import coded
from careloom.terminology.operations.outputs import designation_part
from careloom.terminology.results import how_to_supply
from careloom.terminology.terminology import Terminology


def lookup(terminology: Terminology, inputs: Resource) -> Resource:
    """Tell what a code means.

    Args:
        terminology: What answers.
        inputs: ``code`` with ``system`` and ``version``, or ``coding``; ``property`` to choose what is told (all
            unless given), ``displayLanguage``, ``useSupplement``.

    Raises:
        InvalidError: No code, or no system.
        NotFoundError: The code system has no content here, or no such code.
    """
    read = Inputs(inputs)
    asked = coded(read, "code", "coding")
    if not asked.system:
        raise InvalidError("system expected, found none")
    canonical = f"{asked.system}|{asked.version}" if asked.version else asked.system
    content = terminology.code_system(canonical, read.texts("useSupplement"))
    if content is None:
        raise NotFoundError(f"no content of {canonical} here; {how_to_supply(asked.system)}")
    concept = content.find(asked.code)
    if concept is None:
        hint = "" if content.is_complete else f", of which only a part is here; {how_to_supply(asked.system)}"
        raise NotFoundError(f"{canonical} has no code {asked.code!r}{hint}")
    chosen = frozenset(read.texts("property"))
    return parameters(
        {"name": "name", "valueString": content.title or content.url},
        {"name": "version", "valueString": content.version},
        {"name": "display", "valueString": display_of(concept, None, read.text("displayLanguage")) or concept.code},
        *(designation_part(term) for term in concept.terms if not chosen or "designation" in chosen),
        *(part for code, part in _properties(concept) if not chosen or code in chosen),
    )


def _properties(concept: Concept) -> Iterator[tuple[str, Part]]:
    """The properties by their codes, those that follow from the concept's place and status included."""
    told = {one.code for one in concept.properties}
    for one in concept.properties:
        yield one.code, _property(one.code, one.type, one.value)
    for parent in concept.parents:
        if parent not in concept.values("parent"):
            yield "parent", _property("parent", "valueCode", parent)
    if "inactive" not in told:
        yield "inactive", _property("inactive", "valueBoolean", concept.is_inactive)
    if concept.definition:
        yield "definition", _property("definition", "valueString", concept.definition)


def _property(code: str, type: str, value: object) -> Part:
    return {"name": "property", "part": [{"name": "code", "valueCode": code}, {"name": "value", type: value}]}
