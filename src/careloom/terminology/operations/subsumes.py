"""CodeSystem $subsumes. Source: FHIR R4, CodeSystem operation subsumes."""

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.parameters import Inputs, parameters
from careloom.terminology.content import CodeSystemContent
from careloom.terminology.operations.inputs import CodeInput, coded
from careloom.terminology.results import how_to_supply
from careloom.terminology.terminology import Terminology


def subsumes(terminology: Terminology, inputs: Resource) -> Resource:
    """Tell whether one concept is above another: ``equivalent``, ``subsumes``, ``subsumed-by``, ``not-subsumed``.

    Args:
        terminology: What answers.
        inputs: ``codeA`` and ``codeB`` with ``system`` and ``version``, or ``codingA`` and ``codingB``.

    Raises:
        InvalidError: A code or the system is lacking, or the codes are of two systems.
        NotFoundError: The code system has no content here, or does not have one of the codes.
    """
    read = Inputs(inputs)
    first, second = coded(read, "codeA", "codingA"), coded(read, "codeB", "codingB")
    if not first.system or first.system != second.system:
        raise InvalidError(f"two codes of one code system expected, found {first.told} and {second.told}")
    canonical = f"{first.system}|{first.version}" if first.version else first.system
    content = terminology.code_system(canonical)
    if content is None:
        raise NotFoundError(f"no content of {canonical} here; {how_to_supply(first.system)}")
    outcome = _outcome(content, _code(content, first), _code(content, second))
    return parameters({"name": "outcome", "valueCode": outcome})


def _outcome(content: CodeSystemContent, first: str, second: str) -> str:
    if first == second:
        return "equivalent"
    if content.below(first)(second):
        return "subsumes"
    return "subsumed-by" if content.below(second)(first) else "not-subsumed"


def _code(content: CodeSystemContent, asked: CodeInput) -> str:
    concept = content.find(asked.code)
    if concept is None:
        raise NotFoundError(f"{content.url} has no code {asked.code!r}")
    return concept.code
