"""ConceptMap $translate. Source: FHIR R4, ConceptMap operation translate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.parameters import Inputs, Part, parameters, parts_of
from careloom.terminology.concept import objects
from careloom.terminology.operations.inputs import codes
from careloom.terminology.terminology import Terminology
from careloom.terminology.translation import Asked, Dependency, Translation, maps_between, translations


def translate(terminology: Terminology, inputs: Resource) -> Resource:
    """Tell which codes a map has for a code, the closest first.

    Args:
        terminology: What answers.
        inputs: ``url`` with ``conceptMapVersion``, or ``conceptMap``, or ``source`` and ``target`` as canonicals of
            value sets, which ``reverse`` exchanges; ``code`` with ``system`` and ``version``, ``coding`` or
            ``codeableConcept``; ``targetsystem``; ``dependency`` with ``element`` and ``concept``; ``reverse``.

    Returns:
        Parameters ``result``, ``message`` and a ``match`` for each code. A code that hangs on something that the
        caller does not give is no match, and the message says on what.

    Raises:
        InvalidError: Nothing says which map, or no code is given.
        NotFoundError: No such map.
    """
    read = Inputs(inputs)
    maps, asked = _maps(terminology, read), list(_questions(read))
    found = _in_order(
        answer
        for each in asked
        for concept_map in maps
        for answer in translations(concept_map, each, terminology.definitions)
    )
    matches = [answer for answer in found if not answer.needs]
    is_found = any(answer.is_match for answer in matches)
    return parameters(
        {"name": "result", "valueBoolean": is_found},
        {"name": "message", "valueString": "" if is_found else _nothing(asked, found)},
        *map(_match, matches),
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
    if read.flag("reverse"):
        source, target = target, source
    found = list(maps_between(terminology.definitions, source, target))
    if not found:
        raise NotFoundError(f"a concept map from {source or 'anything'} to {target or 'anything'} is not loaded")
    return found


def _questions(read: Inputs) -> Iterator[Asked]:
    dependencies = tuple(map(_dependency, read.parts("dependency")))
    for each in codes(read, version="version"):
        yield Asked(each.system, each.code, read.text("targetsystem"), read.flag("reverse"), each.version, dependencies)


def _dependency(part: Part) -> Dependency:
    """What the caller knows about an element: the codes and the text of its CodeableConcept."""
    inner = Inputs({"parameter": list(parts_of(part.get("part")))})
    concept = inner.value("concept")
    known: Mapping[str, Any] = concept if isinstance(concept, dict) else {}
    codings = [(str(each.get("system", "")), str(each.get("code", ""))) for each in objects(known.get("coding"))]
    return Dependency(inner.text("element"), tuple(codings), str(known.get("text", "")))


def _in_order(found: Iterator[Translation]) -> list[Translation]:
    """Each answer once, those that mean the same before those that only have to do with it."""
    once: dict[tuple[str, str, str], Translation] = {}
    for answer in sorted(found, key=lambda each: each.distance):
        once.setdefault((answer.system, answer.code, answer.source), answer)
    return list(once.values())


def _nothing(asked: Sequence[Asked], found: Sequence[Translation]) -> str:
    told = ", ".join(f"{each.system or ''}#{each.code}" for each in asked)
    needs = list(dict.fromkeys(each for answer in found for each in answer.needs))
    return f"no code for {told}" + (f" without the dependency {', '.join(needs)}" if needs else "")


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
