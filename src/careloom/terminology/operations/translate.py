"""ConceptMap $translate. Source: FHIR R4, ConceptMap operation translate."""

from collections.abc import Iterator
from typing import Any

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.terminology.operations.inputs import Inputs
from careloom.terminology.operations.outputs import Part, parameters
from careloom.terminology.terminology import Terminology
from careloom.terminology.translation import Asked, Translation, maps_between, translations


def translate(terminology: Terminology, inputs: Resource) -> Resource:
    """Tell which codes a map has for a code.

    Args:
        terminology: What answers.
        inputs: ``url`` with ``conceptMapVersion``, or ``conceptMap``, or ``source`` and ``target`` as canonicals of
            value sets; ``code`` with ``system``, ``coding`` or ``codeableConcept``; ``targetsystem``; ``reverse``.

    Returns:
        Parameters ``result``, ``message`` and a ``match`` for each code.

    Raises:
        InvalidError: Nothing says which map, or no code is given.
        NotFoundError: No such map.
    """
    read = Inputs(inputs)
    maps = _maps(terminology, read)
    questions = [
        Asked(each.system, each.code, read.text("targetsystem"), read.flag("reverse")) for each in read.codes()
    ]
    found = [
        answer
        for asked in questions
        for concept_map in maps
        for answer in translations(concept_map, asked, terminology.definitions)
    ]
    is_found = any(answer.is_match for answer in found)
    told = ", ".join(f"{asked.system or ''}#{asked.code}" for asked in questions)
    return parameters(
        {"name": "result", "valueBoolean": is_found},
        {"name": "message", "valueString": "" if is_found else f"no code for {told}"},
        *map(_match, found),
    )


def _maps(terminology: Terminology, read: Inputs) -> list[Resource]:
    given = read.resource("conceptMap", "ConceptMap")
    if given is not None:
        return [given]
    url, version = read.text("url"), read.text("conceptMapVersion")
    if url:
        canonical = f"{url}|{version}" if version and "|" not in url else url
        return [terminology.definitions.require(canonical, "ConceptMap", asked_by="$translate")]
    source, target = read.text("source"), read.text("target")
    if not source and not target:
        raise InvalidError("url, conceptMap, or source and target expected, found none of them")
    found = list(maps_between(terminology.definitions, source, target))
    if not found:
        raise NotFoundError(f"a concept map from {source or 'anything'} to {target or 'anything'} is not loaded")
    return found


def _match(answer: Translation) -> Part:
    return {"name": "match", "part": list(_match_parts(answer))}


def _match_parts(answer: Translation) -> Iterator[dict[str, Any]]:
    yield {"name": "equivalence", "valueCode": answer.equivalence}
    concept = {
        "system": answer.system,
        "version": answer.version,
        "code": answer.code,
        "display": answer.display,
    }
    if answer.code:
        yield {"name": "concept", "valueCoding": {key: value for key, value in concept.items() if value}}
    for product in answer.products:
        coding = {"system": product.get("system"), "code": product.get("value"), "display": product.get("display")}
        yield {
            "name": "product",
            "part": [
                {"name": "element", "valueUri": product.get("property", "")},
                {"name": "concept", "valueCoding": {key: value for key, value in coding.items() if value}},
            ],
        }
    if answer.source:
        yield {"name": "source", "valueUri": answer.source}
