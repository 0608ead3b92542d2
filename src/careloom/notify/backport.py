"""The extensions of the Backport guide that the hub reads on a Subscription, as definitions to validate by.

The guide's own package serves when it is installed; these cover a hub without it.
"""

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.notify.subscriptions import CONTENT, FILTER, GUIDE, MAX_COUNT

_EXTENSIONS = (
    (CONTENT, "code", "Subscription.channel.payload"),
    (FILTER, "string", "Subscription.criteria"),
    (MAX_COUNT, "positiveInt", "Subscription.channel"),
    (f"{GUIDE}/backport-heartbeat-period", "unsignedInt", "Subscription.channel"),
    (f"{GUIDE}/backport-timeout", "unsignedInt", "Subscription.channel"),
    (f"{GUIDE}/backport-channel-type", "Coding", "Subscription.channel.type"),
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
