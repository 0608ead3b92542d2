"""$process-message: what a message brings is recorded, all of it or nothing, and the answer is a message too.

A message is judged whole, by base FHIR, by its profiles and by the MessageDefinition of its event
(`careloom.validation`). Its resources then become one transaction, each entry decided by itself:

- what the message is about (``MessageHeader.focus``) is recorded: over the one that has its identifier, else anew;
- what stands beside it for context is recorded only where the hub has none with its identifier, and never over one;
- a resource under the hub's own address is the hub's: it is changed where it is a focus, and left alone elsewhere;
- the MessageHeader itself is kept.

A message of an event that the hub knows otherwise, such as those of NEMS, is mapped instead (`careloom.rest.inflow`):
what it says of a patient is laid over what is known.

A message that is sent again gets the answer it had the first time and does nothing more: the answer is recorded in the
turn that records the message, under an id that follows from the client and ``MessageHeader.id``. The same id with other
content is refused.

What cannot be done is refused with an OperationOutcome and a status, as everywhere in the hub, and not by a message
that says so.

Source: FHIR R4, MessageHeader $process-message; 2.4 messaging.
"""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid5

from careloom.model.errors import ConflictError, MalformedError, NotSupportedError
from careloom.model.instants import instant
from careloom.model.json import serialize_json
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.access import judge_right, permitted
from careloom.rest.admission import require_conformance
from careloom.rest.body import read_resource
from careloom.rest.hub import Hub
from careloom.rest.inflow import Brought
from careloom.rest.interaction import Answer, Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import sent_family
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.identity import NAMESPACE
from careloom.rest.operations.references import local_reference
from careloom.rest.parameters import inputs
from careloom.rest.threads import in_thread
from careloom.rest.transaction import transaction
from careloom.search.escaping import escape
from careloom.store import Turn

_TAKES: Final = (
    Parameter("content", "Bundle", least=1, about="the message"),
    Parameter("async", "boolean", about="false alone: the answer comes at once"),
    Parameter("response-url", "url", about="not supported: the answer is that to the request"),
)
_EVENTS: Final = {"eventCoding": "eventCoding", "eventUri": "eventUri", "event": "eventCoding"}
"""How a header may call its event, the last of them in STU3, and how R4 does."""

_OWN: Final = frozenset({"MessageHeader"})
"""Types of which each message brings one of its own, whatever identifiers say."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came.

    Attributes:
        header: The MessageHeader.
        id: What it is known by when it is sent again.
        entries: Each resource with its ``fullUrl``, the header first.
        key: Id under which its answer is recorded.
        content: Identifier of that answer; another one where the same message id came with other content.
    """

    header: Resource
    id: str
    entries: tuple[tuple[str, Resource], ...]
    key: str
    content: str


async def process_message(request: FhirRequest, hub: Hub) -> Answer:
    """``POST $process-message``.

    Raises:
        MalformedError: There is no message.
        NotSupportedError: The answer is wanted another way than as that to the request.
        InvalidError: The message does not conform.
        ForbiddenError: The client may not do what an entry needs.
        ConflictError: Another message came under its id.
    """
    given = inputs(request, _TAKES)
    if given.flag("async") or given.has("response-url"):
        raise NotSupportedError("async, response-url: the answer to a message is given at once, as that to the request")
    bundle = given.resource("content", "Bundle") or {}
    message = _read(bundle, request)
    if answered := await hub.repository.read("Bundle", message.key):
        return _again(answered.resource, message)
    if hub.inflow and request.grant and (brought := hub.inflow.event(request.grant.client, bundle)):
        for type in brought.types:
            permitted(judge_right("update", type, request, hub))
        return partial(_record, work=partial(_tell, brought=brought), message=message, hub=hub)
    await in_thread(require_conformance, bundle, hub)
    inner = replace(
        request,
        code="transaction",
        body={"resourceType": "Bundle", "type": "transaction", "entry": list(_changes(message, hub))},
        headers={"prefer": "return=minimal"},
    )
    work = await transaction(inner, hub)
    return partial(_record, work=work, message=message, hub=hub)


def read_message(request: FhirRequest, data: bytes, hub: Hub) -> FhirRequest:
    """The request with its message; one of an event may be of an older version of FHIR.

    Raises:
        UnsupportedMediaError: Neither JSON nor XML.
        MalformedError: It cannot be read.
    """
    family = sent_family(request)
    if hub.inflow and family == "xml":
        data = hub.inflow.as_r4(data)
    return replace(request, body=read_resource(data, hub.limits, family=family, types=hub.types))


def _tell(turn: Turn, brought: Brought) -> FhirResponse:
    """Record what an event says."""
    return FhirResponse(200, versions=tuple(brought.write(turn)))


def _record(turn: Turn, work: Work, message: Message, hub: Hub) -> FhirResponse:
    """Record what the message brings, and its answer."""
    if answered := turn.read("Bundle", message.key):
        return _again(answered.resource, message)
    done = work(turn)
    version = turn.create(_answer(message, hub), id=message.key)
    return replace(done, resource=version.resource, versions=(*done.versions, version))


def _again(answer: Resource | None, message: Message) -> FhirResponse:
    """The answer that a message had before.

    Raises:
        ConflictError: That message was another one.
    """
    if answer is None or answer.get("identifier", {}).get("value") != message.content:
        raise ConflictError(
            f"MessageHeader.id: another message came as {message.id!r}; a new id expected for a new one"
        )
    return FhirResponse(200, answer)


def _read(bundle: Resource, request: FhirRequest) -> Message:
    entries = tuple(_entries(bundle))
    if bundle.get("type") != "message" or not entries or resource_type(entries[0][1]) != "MessageHeader":
        found = f"one of type {bundle.get('type')!r}"
        raise MalformedError(f"content: a Bundle of type message with a MessageHeader first expected, found {found}")
    full_url, header = entries[0]
    id = header.get("id") or full_url.rpartition(":")[2].rpartition("/")[2]
    if not isinstance(id, str) or not id:
        raise MalformedError("MessageHeader.id: expected, since a message that is sent again is known by it")
    assert request.grant is not None
    key = f"{request.grant.client} {id}"
    digest = sha256(serialize_json([list(each) for each in entries])).hexdigest()
    return Message(header, id, entries, str(uuid5(NAMESPACE, key)), f"urn:uuid:{uuid5(NAMESPACE, f'{key} {digest}')}")


def _entries(bundle: Resource) -> Iterator[tuple[str, Resource]]:
    found = bundle.get("entry")
    for number, element in enumerate(found if isinstance(found, list) else ()):
        resource = element.get("resource") if isinstance(element, dict) else None
        if not isinstance(resource, dict):
            raise MalformedError(f"Bundle.entry[{number}].resource: a resource expected in a message, found none")
        full_url = element.get("fullUrl")
        yield full_url if isinstance(full_url, str) else "", resource


def _changes(message: Message, hub: Hub) -> Iterator[Resource]:
    """The entries of the transaction that records the message."""
    foci = _foci(message)
    for full_url, resource in message.entries:
        is_focus = full_url in foci or f"{resource_type(resource)}/{resource.get('id')}" in foci
        asked = _asked(full_url, resource, hub, is_focus=is_focus)
        if asked is None:
            continue
        has_address = "?" not in asked["url"] and asked["method"] == "PUT"
        body = resource if has_address else {name: value for name, value in resource.items() if name != "id"}
        named = {"fullUrl": full_url} if full_url else {}
        yield {**named, "resource": body, "request": asked}


def _foci(message: Message) -> frozenset[str]:
    """How the header calls what the message is about: by ``fullUrl``, or by type and id."""
    found = message.header.get("focus")
    references = (
        each.get("reference") for each in (found if isinstance(found, list) else ()) if isinstance(each, dict)
    )
    return frozenset(each for each in references if isinstance(each, str))


def _asked(full_url: str, resource: Resource, hub: Hub, *, is_focus: bool) -> dict[str, Any] | None:
    """What is done with a resource of the message; None where it is left alone."""
    type = resource_type(resource)
    own = local_reference(full_url, hub.base_url)
    if own and full_url.startswith(hub.base_url):
        return {"method": "PUT", "url": own.local} if is_focus else None
    identifier = "" if type in _OWN else _identifier(resource, hub)
    if not identifier:
        return {"method": "POST", "url": type}
    if is_focus:
        return {"method": "PUT", "url": f"{type}?identifier={_quoted(identifier)}"}
    return {"method": "POST", "url": type, "ifNoneExist": f"identifier={_quoted(identifier)}"}


def _identifier(resource: Resource, hub: Hub) -> str:
    """The first identifier that has a system, as search has it; empty where there is none."""
    type, found = resource_type(resource), resource.get("identifier")
    if type not in hub.routes.types or "identifier" not in hub.parameters.of(type):
        return ""
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict) and isinstance(each.get("system"), str) and isinstance(each.get("value"), str):
            return f"{escape(each['system'])}|{escape(each['value'])}"
    return ""


def _quoted(text: str) -> str:
    return quote(text, safe="|:/")


def _answer(message: Message, hub: Hub) -> Resource:
    """The message that says all is recorded."""
    header = message.header
    sender = header.get("source", {}).get("endpoint")
    told: Resource = {"resourceType": "MessageHeader", "id": str(uuid5(NAMESPACE, message.content))}
    told |= {name: header[sent] for sent, name in _EVENTS.items() if sent in header}
    if sender:
        told["destination"] = [{"endpoint": sender}]
    told["source"] = {"name": hub.site or "Careloom hub", "software": "Careloom", "endpoint": hub.base_url}
    told["response"] = {"identifier": message.id, "code": "ok"}
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": message.content},
        "type": "message",
        "timestamp": instant(hub.clock()),
        "entry": [{"fullUrl": f"urn:uuid:{told['id']}", "resource": told}],
    }


PROCESS_MESSAGE = (
    Operation(
        "process-message",
        process_message,
        title="Records what a message brings, and answers it",
        definition="http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
        levels={"system": ""},
        affects_state=True,
        takes=_TAKES,
        gives=(Parameter("return", "Bundle", least=1, about="the message that answers it"),),
        reads=read_message,
    ),
)
"""$process-message."""
