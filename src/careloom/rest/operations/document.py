"""$document: a composition and what it is made of, as one Bundle that can be kept, signed and sent.

The Bundle has the composition first, then each resource that it refers to, in the order of the composition; and of
these, who and what they name: practitioners, organisations, locations, devices and medications, which a reader needs to
understand them. Nothing is left out in silence: what is not there, or what the client may not read, fails the request,
since a document that lacks a part would be read as if there were none.

Source: FHIR R4, Composition $document; 3.3 documents.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final
from uuid import uuid5

from careloom.model.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, TooCostlyError
from careloom.model.instants import instant
from careloom.model.records import dataclass, field, replace
from careloom.model.references import LiteralReference
from careloom.model.resource import Resource
from careloom.rest.access import judge_right, permitted
from careloom.rest.admission import hooked, require_conformance
from careloom.rest.hub import Hub
from careloom.rest.interaction import Answer
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version, resource_of
from careloom.rest.operations.identity import NAMESPACE
from careloom.rest.operations.references import local_reference, local_references
from careloom.rest.parameters import inputs
from careloom.rest.representation import version_headers
from careloom.rest.threads import in_thread
from careloom.store import Prepared, Turn, Version

MOST: Final = 1_000
"""Resources of a document."""

_NAMED: Final = frozenset(
    {
        "Device",
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Substance",
    }
)
"""Types that what is in a document may bring along: who, where and with what."""

_PERSIST = Parameter("persist", "boolean", about="record the document as well, which needs POST")
_ID = Parameter("id", "uri", least=1, about="the composition, as Composition/id")
_RETURN = Parameter("return", "Bundle", least=1, about="the document")


async def document(request: FhirRequest, hub: Hub) -> Answer:
    """``GET Composition/id/$document``, ``GET Composition/$document?id=…``, and the same by POST.

    Raises:
        NotFoundError: The composition is not known.
        ConflictError: It refers to what is not there.
        ForbiddenError: It refers to what the client may not read, or the client may not record a Bundle.
        TooCostlyError: The document would have too many resources.
    """
    given = inputs(request, (_PERSIST,) if request.id else (_ID, _PERSIST))
    persists = given.flag("persist")
    if persists and request.method == "GET":
        raise MalformedError("persist: send it by POST, since it records something", expression="persist")
    composition = await addressed_version(_named(given.text("id"), request, hub), hub)
    versions = await _parts(composition, request, hub)
    bundle = _bundle(versions, hub)
    if not persists:
        return FhirResponse(200, bundle, versions=tuple(versions))
    permitted(judge_right("create", "Bundle", request, hub))
    prepared = await in_thread(_prepared, bundle, request, hub)
    return partial(_recorded, prepared=prepared, versions=tuple(versions), hub=hub)


def _named(text: str, request: FhirRequest, hub: Hub) -> FhirRequest:
    """The request with the composition that the parameter ``id`` means in its address."""
    if request.id:
        return request
    reference = local_reference(text if "/" in text else f"Composition/{text}", hub.base_url)
    if reference is None or reference.type != "Composition":
        raise MalformedError(f"id: a Composition of this hub expected, found {text[:80]!r}", expression="id")
    named = replace(request, id=reference.id, version_id=reference.version)
    permitted(judge_right("read", "Composition", named, hub))
    return named


@dataclass(slots=True)
class _Gathering:
    """The resources of a document, each once, in the order in which they were found."""

    request: FhirRequest
    hub: Hub
    found: dict[str, Version] = field(default_factory=dict)

    async def take(self, references: Iterable[LiteralReference], source: str) -> list[Version]:
        """Read what is referred to and was not there yet."""
        new = []
        for reference in references:
            if reference.local not in self.found:
                version = await self._read(reference, source)
                self.found[reference.local] = version
                new.append(version)
                if len(self.found) > MOST:
                    raise TooCostlyError(f"$document: at most {MOST} resources are put into one document")
        return new

    async def _read(self, reference: LiteralReference, source: str) -> Version:
        decision = judge_right("read", reference.type, self.request, self.hub)
        if not decision.permit:
            raise ForbiddenError(f"{source} refers to a {reference.type}, which may not be read: {decision.reason}")
        address = replace(
            self.request, type=reference.type, id=reference.id, version_id=reference.version, url=reference.local
        )
        try:
            return await addressed_version(address, self.hub)
        except NotFoundError as error:
            raise ConflictError(f"{source} refers to {reference.local}: {error}") from error


async def _parts(composition: Version, request: FhirRequest, hub: Hub) -> list[Version]:
    """The composition, what it refers to, and who and what these name."""
    gathering = _Gathering(request, hub, {composition.reference: composition})
    latest = await gathering.take(local_references(resource_of(composition), hub.base_url), composition.reference)
    while latest:
        named: list[Version] = []
        for version in latest:
            references = local_references(resource_of(version), hub.base_url)
            named += await gathering.take((each for each in references if each.type in _NAMED), version.reference)
        latest = named
    return list(gathering.found.values())


def _bundle(versions: Iterable[Version], hub: Hub) -> Resource:
    """The document; its identifier is the same as long as what it is made of is the same."""
    parts = list(versions)
    made_of = " ".join(f"{each.reference}/{each.version_id}" for each in parts)
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid5(NAMESPACE, hub.base_url + made_of)}"},
        "type": "document",
        "timestamp": instant(hub.clock()),
        "entry": [{"fullUrl": f"{hub.base_url}/{each.reference}", "resource": each.resource} for each in parts],
    }


def _prepared(bundle: Resource, request: FhirRequest, hub: Hub) -> Prepared:
    require_conformance(bundle, hub)
    made = hooked(bundle, replace(request, type="Bundle"), hub)
    return hub.repository.prepare(made, id=hub.new_id())


def _recorded(turn: Turn, prepared: Prepared, versions: tuple[Version, ...], hub: Hub) -> FhirResponse:
    version = turn.create(prepared)
    location = f"{hub.base_url}/{version.reference}/_history/{version.version_id}"
    headers = {**version_headers(version), "Location": location}
    return FhirResponse(200, version.resource, headers, (version, *versions))


DOCUMENT = (
    Operation(
        "document",
        document,
        title="A composition and what it is made of, as one Bundle",
        definition="http://hl7.org/fhir/OperationDefinition/Composition-document",
        levels={"type": "", "instance": "r"},
        types=("Composition",),
        takes=(replace(_ID, least=0), _PERSIST),
        gives=(_RETURN,),
    ),
)
"""$document."""
