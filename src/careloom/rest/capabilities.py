"""metadata: the CapabilityStatement, made from the tables that the hub runs by, so it cannot say anything else."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from careloom import __version__
from careloom.model.instants import instant
from careloom.model.resource import Resource
from careloom.rest.admission import READ_ONLY
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import FHIR_JSON, FHIR_XML, JSON_PATCH
from careloom.rest.operation import Operation
from careloom.rest.subscriptions.capability import INSTANTIATES, told_of_subscriptions, told_of_websockets
from careloom.rest.threads import in_thread
from careloom.search import SearchParameter

_SECURITY_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_COMPARTMENT: Final = "http://hl7.org/fhir/CompartmentDefinition/"
_WRITES: Final = frozenset({"create", "update", "patch", "delete"})
_OF_SYSTEM: Final = frozenset({"transaction", "search-system", "history-system"})
_OF_EVERY_TYPE: Final = (
    {"name": "_filter", "type": "special", "documentation": "An expression of conditions, as R4 3.1.3 has it"},
    {"name": "_has", "type": "special", "documentation": "_has:Type:parameter:parameter, what refers to the resource"},
    {"name": "_list", "type": "special", "documentation": "The id of a List, by whose entries it is referred to"},
)
"""Parameters of R4 that no SearchParameter defines."""


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
        **({"instantiates": [INSTANTIATES]} if hub.telling else {}),
        "software": {"name": "Careloom", "version": __version__},
        "implementation": {"description": hub.site or "Careloom hub", "url": hub.base_url},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, FHIR_XML],
        "patchFormat": [JSON_PATCH, FHIR_JSON, FHIR_XML],
        "rest": [_rest(hub)],
    }


def _rest(hub: Hub) -> dict[str, Any]:
    rows = [row for row in hub.routes.interactions if not row.is_open]
    system = dict.fromkeys(row.code for row in rows if row.code in _OF_SYSTEM)
    codes = [*system, "batch"] if "transaction" in system else list(system)
    told = {
        **(told_of_websockets(hub.telling) if hub.telling else {}),
        "mode": "server",
        "security": _security(hub),
        "resource": [_resource(type, hub) for type in sorted(hub.routes.types)],
        "interaction": [{"code": code} for code in codes],
        "searchParam": [*(_parameter(each) for each in _searchable(hub.parameters.common())), *_OF_EVERY_TYPE],
        "operation": _operations(row.operation for row in rows if row.level == "system" and row.operation),
        "compartment": [f"{_COMPARTMENT}{_kebab(type)}" for type in _compartments(rows)],
    }
    return {name: value for name, value in told.items() if value}


def _security(hub: Hub) -> dict[str, Any]:
    """Only that SMART is spoken: where and how is in ``.well-known/smart-configuration``, as SMART 2 has it."""
    service = [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}]
    return {"cors": bool(hub.policy.origins), "service": service}


def _resource(type: str, hub: Hub) -> dict[str, Any]:
    offered = [row for row in hub.routes.interactions if _is_offered(row, type)]
    codes = dict.fromkeys(row.code for row in offered if not row.code.startswith("$"))
    element: dict[str, Any] = {"type": type}
    if type == "Subscription" and hub.telling:
        element |= told_of_subscriptions(hub.telling)
    if profiles := hub.conformance.get(type):
        element["supportedProfile"] = [*element.get("supportedProfile", ()), *profiles]
    versioning = "versioned-update" if hub.policy.version_required else "versioned"
    element |= {"interaction": [{"code": code} for code in codes], "versioning": versioning, "readHistory": True}
    if type not in READ_ONLY:
        element |= _conditional_writes(offered, hub)
    element["referencePolicy"] = ["literal", "logical", "local"]
    element |= _search(type, hub)
    operations = _operations(row.operation for row in offered if row.operation)
    return {**element, "operation": operations} if operations else element


def _is_offered(row: Interaction, type: str) -> bool:
    if "{type}" not in row.path or (type in READ_ONLY and row.code in _WRITES):
        return False
    return not row.types or type in row.types or "{compartment}" in row.path


def _conditional_writes(offered: Iterable[Interaction], hub: Hub) -> dict[str, Any]:
    by_condition = {row.code for row in offered if row.path == "{type}"}
    how_many = "multiple" if hub.policy.delete_many > 1 else "single"
    return {
        "updateCreate": True,
        "conditionalCreate": "create" in by_condition,
        "conditionalRead": "full-support",
        "conditionalUpdate": "update" in by_condition,
        "conditionalDelete": how_many if "delete" in by_condition else "not-supported",
    }


def _search(type: str, hub: Hub) -> dict[str, Any]:
    parameters = hub.parameters.of(type)
    includes = sorted(f"{type}:{each.code}" for each in _searchable(parameters) if each.kind == "reference")
    lists: dict[str, Any] = {
        "searchInclude": includes,
        "searchRevInclude": _referring(hub).get(type, []),
        "searchParam": [_parameter(each) for each in _told_parameters(parameters)],
    }
    return {name: value for name, value in lists.items() if value}


@lru_cache(maxsize=4)
def _referring(hub: Hub) -> Mapping[str, list[str]]:
    """By type, the parameters of all types that may lead to it."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in sorted(hub.routes.types):
        for each in _searchable(hub.parameters.of(source)):
            for target in each.targets if each.kind == "reference" else ():
                found[target].append(f"{source}:{each.code}")
    return found


def _searchable(parameters: Mapping[str, SearchParameter]) -> list[SearchParameter]:
    return sorted((each for each in parameters.values() if each.is_searchable), key=lambda each: each.code)


def _told_parameters(parameters: Mapping[str, SearchParameter]) -> list[SearchParameter]:
    """Those that can be searched by, and those that will be once what is held has been indexed."""
    told = (each for each in parameters.values() if each.is_searchable or each.state == "indexing")
    return sorted(told, key=lambda each: each.code)


def _parameter(parameter: SearchParameter) -> dict[str, Any]:
    told: dict[str, Any] = {"name": parameter.code}
    if parameter.url:
        told["definition"] = parameter.url
    told["type"] = parameter.kind
    if parameter.state == "indexing":
        told["documentation"] = "Not searched by yet: what is held is still being indexed"
    return told


def _operations(operations: Iterable[Operation]) -> list[dict[str, str]]:
    distinct = {(each.name, each.definition): each for each in operations}
    return [{"name": name, "definition": definition} for name, definition in sorted(distinct)]


def _compartments(rows: Iterable[Interaction]) -> list[str]:
    return sorted({type for row in rows if "{compartment}" in row.path for type in row.types})


def _kebab(type: str) -> str:
    """As HL7 writes it at the end of the URL: ``relatedPerson``."""
    return type[0].lower() + type[1:]
