"""metadata: the CapabilityStatement, made from the tables that the hub runs by, so it cannot say anything else."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from careloom import __version__
from careloom.model.instants import instant
from careloom.model.resource import Resource
from careloom.rest.admission import READ_ONLY
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import FHIR_JSON
from careloom.rest.threads import in_thread

_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_VALIDATE = "http://hl7.org/fhir/OperationDefinition/Resource-validate"
_WRITES = frozenset({"create", "update", "delete"})


async def capabilities(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET metadata``, answered to anybody.

    Source: FHIR R4, 3.1.0.14 capabilities.
    """
    return FhirResponse(200, await in_thread(capability_statement, hub))


@lru_cache(maxsize=4)
def capability_statement(hub: Hub) -> Resource:
    """What this hub does, for which types, with which search parameters, held to which profiles."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(hub.clock()),
        "kind": "instance",
        "software": {"name": "Careloom", "version": __version__},
        "implementation": {"description": hub.site or "Careloom hub", "url": hub.base_url},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON],
        "rest": [_rest(hub)],
    }


def _rest(hub: Hub) -> dict[str, Any]:
    system = [row for row in hub.routes.interactions if row.level == "system" and not row.is_open]
    return {
        "mode": "server",
        "security": _security(),
        "resource": [_resource(type, hub) for type in sorted(hub.routes.types)],
        "interaction": [{"code": code} for code in (*(row.code for row in system), "batch")],
    }


def _security() -> dict[str, Any]:
    """Only that SMART is spoken: where and how is in ``.well-known/smart-configuration``, as SMART 2 has it."""
    return {"cors": False, "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}]}


def _resource(type: str, hub: Hub) -> dict[str, Any]:
    offered = [row for row in hub.routes.interactions if row.level != "system" and not _is_withheld(row, type)]
    codes = dict.fromkeys(row.code for row in offered if not row.code.startswith("$"))
    element: dict[str, Any] = {"type": type}
    if profiles := hub.conformance.get(type):
        element["supportedProfile"] = list(profiles)
    element |= {"interaction": [{"code": code} for code in codes], "versioning": "versioned", "readHistory": True}
    if type not in READ_ONLY:
        element |= _conditional_writes(offered)
    element["referencePolicy"] = ["literal", "local"]
    element |= _search(type, hub)
    return {**element, "operation": [{"name": "validate", "definition": _VALIDATE}]}


def _is_withheld(row: Interaction, type: str) -> bool:
    return type in READ_ONLY and row.code in _WRITES


def _conditional_writes(offered: Iterable[Interaction]) -> dict[str, Any]:
    by_condition = {row.code for row in offered if row.path == "{type}"}
    return {
        "updateCreate": True,
        "conditionalCreate": "create" in by_condition,
        "conditionalRead": "full-support",
        "conditionalUpdate": "update" in by_condition,
        "conditionalDelete": "single" if "delete" in by_condition else "not-supported",
    }


def _search(type: str, hub: Hub) -> dict[str, Any]:
    parameters = [each for each in hub.parameters.of(type).values() if each.is_searchable]
    told = [
        {"name": each.code, "type": each.kind} | ({"definition": each.url} if each.url else {})
        for each in sorted(parameters, key=lambda each: each.code)
    ]
    includes = sorted(f"{type}:{each.code}" for each in parameters if each.kind == "reference")
    lists: dict[str, Any] = {"searchInclude": includes, "searchParam": told}
    return {name: value for name, value in lists.items() if value}
