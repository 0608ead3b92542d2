"""The extensions that the hub reads on a Subscription, as definitions to validate by.

Those of the Backport guide come with its own package when it is installed; these cover a hub without it.
Ours have no other home.
"""

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.notify.extensions import (
    CHANNEL_TYPE,
    COALESCE,
    CONTENT,
    FILTER,
    HEARTBEAT,
    MAX_COUNT,
    ON_POISON,
    ORDER,
    RESUME,
    TIMEOUT,
)

_EXTENSIONS = (
    (CONTENT, "code", "Subscription.channel.payload"),
    (FILTER, "string", "Subscription.criteria"),
    (MAX_COUNT, "positiveInt", "Subscription.channel"),
    (HEARTBEAT, "unsignedInt", "Subscription.channel"),
    (TIMEOUT, "unsignedInt", "Subscription.channel"),
    (CHANNEL_TYPE, "Coding", "Subscription.channel.type"),
    *((url, "code", "Subscription.channel") for url in (ORDER, ON_POISON, COALESCE, RESUME)),
)


def with_backport(definitions: Definitions) -> Definitions:
    """The definitions, with those of the guide's extensions that no package brings."""
    missing = [row for row in _EXTENSIONS if definitions.find(row[0], "StructureDefinition") is None]
    return definitions.with_resources([_extension(*row) for row in missing]) if missing else definitions


def _extension(url: str, type: str, context: str) -> Resource:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": url.rsplit("/", 1)[-1].title().replace("-", ""),
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": context}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Extension", "path": "Extension", "max": "*"},
                {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
                {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": type}]},
            ]
        },
    }
