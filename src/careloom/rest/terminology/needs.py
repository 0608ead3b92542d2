"""Which value sets, code systems and concept maps a question draws on, read from the resources themselves."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from careloom.model.parameters import Inputs
from careloom.model.resource import Resource
from careloom.terminology.concept import objects
from careloom.terminology.membership import imported_value_sets

Kind: TypeAlias = Literal["CodeSystem", "ConceptMap", "ValueSet"]
Need: TypeAlias = tuple[Kind, str]
"""A type and a canonical URL without version."""

_SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"


def needs_of_question(inputs: Inputs, url: Kind) -> Iterator[Need]:
    """What the parameters of an operation name.

    Args:
        inputs: The parameters.
        url: What the parameter ``url`` names.
    """
    yield from _needs(url, inputs.values("url"))
    for name in ("system", "useSupplement"):
        yield from _needs("CodeSystem", inputs.values(name))
    for name in ("coding", "codingA", "codingB", "codeableConcept"):
        for value in inputs.values(name):
            yield from _needs_of_codings(value)
    for name in ("valueSet", "conceptMap"):
        for part in inputs.parts(name):
            yield from needs_of_resource(part.get("resource"))


def needs_of_resource(resource: Any) -> Iterator[Need]:
    """What a definition draws on; nothing where it is none."""
    match resource.get("resourceType") if isinstance(resource, dict) else None:
        case "ValueSet":
            yield from _needs_of_value_set(resource)
        case "ConceptMap":
            for group in objects(resource.get("group")):
                unmapped = group.get("unmapped")
                yield from _needs("ConceptMap", [unmapped.get("url")] if isinstance(unmapped, dict) else ())


def _needs_of_value_set(value_set: Resource) -> Iterator[Need]:
    compose = value_set.get("compose")
    for name in ("include", "exclude"):
        for entry in objects(compose.get(name) if isinstance(compose, dict) else None):
            yield from _needs("CodeSystem", [entry.get("system")])
            yield from _needs("ValueSet", imported_value_sets(entry))
    for extension in objects(value_set.get("extension")):
        if extension.get("url") == _SUPPLEMENT:
            yield from _needs("CodeSystem", [extension.get("valueCanonical")])


def _needs_of_codings(value: Any) -> Iterator[Need]:
    if isinstance(value, dict):
        yield from _needs("CodeSystem", [coding.get("system") for coding in (*objects(value.get("coding")), value)])


def _needs(kind: Kind, canonicals: Iterable[Any]) -> Iterator[Need]:
    for canonical in canonicals:
        if isinstance(canonical, str) and canonical:
            yield kind, canonical.partition("|")[0]
