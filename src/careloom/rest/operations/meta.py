"""$meta, $meta-add, $meta-delete: profiles, tags and security labels, read and changed by themselves.

``$meta`` tells those of one version, of one resource, or all that are in use on a type or on the whole record, as far
as the client may see. ``$meta-add`` and ``$meta-delete`` make a new version, as a patch would: what they make is held
to the same rules, with the profiles it then claims. A version that is past is not changed, since it is what was said.

Source: FHIR R4, Resource $meta, $meta-add and $meta-delete.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from careloom.governance import visible_types
from careloom.model.errors import MalformedError, TooCostlyError
from careloom.model.parameters import parameters
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource
from careloom.rest.access import require_sight
from careloom.rest.admission import hooked, require_conformance, require_writable
from careloom.rest.conditional import require_version
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import Draft, FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version, living, resource_of
from careloom.rest.ownership import known
from careloom.rest.parameters import answer, inputs
from careloom.rest.representation import version_headers
from careloom.rest.threads import in_thread
from careloom.rest.unchanged import is_unchanged
from careloom.rest.visibility import narrowed, served_types
from careloom.search import Query
from careloom.search.conditions import Missing, Narrowing, Or
from careloom.store import Turn, Version

PAGE: Final = 1_000
MOST: Final = 50_000
"""Resources that are looked at to tell what is in use."""

_META = Parameter("meta", "Meta", least=1, about="profiles, tags and security labels")
_RETURN = Parameter("return", "Meta", least=1, about="profiles, tags and security labels, as they are then")
_CODINGS: Final = ("security", "tag")
_LABELLED: Final = {"_profile": "profile", "_security": "security", "_tag": "tag"}
"""By search parameter, the part of ``meta`` that it looks at."""

Change = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]
"""From ``Resource.meta`` and what was sent to what ``meta`` is to be."""


@dataclass(slots=True)
class Labels:
    """Profiles, tags and security labels, each once, in the order in which they were found."""

    found: dict[str, dict[object, Any]]

    @classmethod
    def none(cls) -> "Labels":
        """Nothing found yet."""
        return cls({"profile": {}, "security": {}, "tag": {}})

    def take(self, meta: Mapping[str, Any]) -> None:
        """Add those of a resource."""
        for name, labels in self.found.items():
            for label in meta.get(name, ()):
                labels.setdefault(identity(label), label)

    def told(self) -> dict[str, Any]:
        """As a Meta; empty lists are left out."""
        return {name: list(known.values()) for name, known in self.found.items() if known}


def identity(label: Any) -> object:
    """What makes two labels the same: the address of a profile; of a coding its system and code."""
    return (label.get("system"), label.get("code")) if isinstance(label, dict) else label


def added(meta: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """``meta`` with what was sent that it did not have; what it has stays as it is."""
    labels = Labels.none()
    labels.take(meta)
    labels.take(sent)
    return {**meta, **labels.told()}


def removed(meta: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """``meta`` without what was sent; what it does not have is no error."""
    gone = {name: {identity(label) for label in sent.get(name, ())} for name in _LABELLED.values()}
    kept = {name: [label for label in meta.get(name, ()) if identity(label) not in gone[name]] for name in gone}
    bare = {key: value for key, value in meta.items() if key not in kept}
    return bare | {name: labels for name, labels in kept.items() if labels}


async def meta(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``$meta`` of a version, a resource, a type or the record.

    Raises:
        NotFoundError: There is no such resource or version.
        DeletedError: It was deleted.
        TooCostlyError: More resources have labels than are looked at.
    """
    inputs(request, ())
    if request.id:
        version = await addressed_version(request, hub)
        told = resource_of(version).get("meta", {})
        return replace(answer(_parameters(told)), headers=version_headers(version), versions=(version,))
    labels = Labels.none()
    await _gather(labels, request, hub)
    return answer(_parameters(labels.told()))


async def _gather(labels: Labels, request: FhirRequest, hub: Hub) -> None:
    """Take the labels of all resources that have some and that the client may see."""
    labelled = Narrowing(Or(tuple(Missing(code, False) for code in _LABELLED)))
    types = () if request.type else _types(request, hub)
    query = Query(request.type, (labelled,), count=PAGE, total="none", types=types)
    query = narrowed(query, request, hub)
    looked_at = 0
    while True:
        page = await hub.repository.search(query)
        for version in page.matches:
            labels.take(resource_of(version).get("meta", {}))
        looked_at += len(page.matches)
        if page.next is None:
            return
        if looked_at >= MOST:
            told = (
                f"more than {MOST} resources have labels, which is as many as are looked at; ask one type or resource"
            )
            raise TooCostlyError(f"{request.code}: {told}")
        query = replace(query, page=page.next)


def _types(request: FhirRequest, hub: Hub) -> tuple[str, ...]:
    """Those that the client may search; the hub's own audit labels nothing."""
    assert request.grant is not None
    visible = visible_types(request.grant, "search-type", hub.registry, hub.clock())
    return tuple(type for type in served_types(visible, hub) if type != "AuditEvent")


async def change(request: FhirRequest, hub: Hub, how: Change) -> Work:
    """``$meta-add`` and ``$meta-delete``: made ready on the version of this moment, recorded in the turn.

    Raises:
        MalformedError: No Meta, or one with something else than labels in it.
        MethodNotAllowedError: A type that no client may write.
        ForbiddenError: The client may not see what it would change.
        NotFoundError: There is no such resource.
        DeletedError: It was deleted.
        InvalidError: What it makes does not conform.
    """
    require_writable(request.type)
    require_sight(request.type, request, hub)
    sent = _sent(request)
    current = await addressed_version(request, hub)
    made = await in_thread(_made, current, sent, how, request, hub)
    draft = Draft(current.version_id, hub.repository.prepare(made, id=request.id))
    return partial(_record, request=replace(request, draft=draft), hub=hub, sent=sent, how=how)


def _record(turn: Turn, request: FhirRequest, hub: Hub, sent: Mapping[str, Any], how: Change) -> FhirResponse:
    current = living(known(turn.read(request.type, request.id), request, hub), f"{request.type}/{request.id}")
    require_version(request, current, hub.policy)
    draft = request.draft
    if draft and draft.base == current.version_id:
        made, ready = draft.prepared.resource, draft.prepared
    else:
        made, ready = _made(current, sent, how, request, hub), None
    version = current if is_unchanged(made, current) else turn.update(ready or made)
    return replace(
        answer(_parameters(resource_of(version).get("meta", {}))), headers=version_headers(version), versions=(version,)
    )


def _made(current: Version, sent: Mapping[str, Any], how: Change, request: FhirRequest, hub: Hub) -> Resource:
    """The resource with its labels changed, valid as it then is."""
    resource = resource_of(current)
    labels = how(resource.get("meta", {}), sent)
    made = {**resource, "meta": labels}
    require_conformance(made, hub)
    return hooked(made, request, hub)


def _sent(request: FhirRequest) -> Mapping[str, Any]:
    """The Meta that was sent."""
    value = inputs(request, (_META,)).value("meta")
    if not isinstance(value, dict):
        raise MalformedError(f"meta: valueMeta expected, found {value!r:.80}", expression="meta")
    for name, labels in value.items():
        is_label = _is_coding if name in _CODINGS else _is_text
        is_list = isinstance(labels, list) and all(map(is_label, labels))
        if name not in _LABELLED.values() or not is_list:
            raise MalformedError(f"meta.{name}: lists of profile, security and tag expected", expression=f"meta.{name}")
    return value


def _is_coding(label: Any) -> bool:
    return isinstance(label, dict) and all(_is_text(label.get(name, "")) for name in ("system", "code"))


def _is_text(label: Any) -> bool:
    return isinstance(label, str)


def _parameters(labels: Mapping[str, Any]) -> Resource:
    """What was found; FHIR has no empty Meta, so that is told by leaving it out."""
    return parameters({"name": "return", "valueMeta": dict(labels) or None})


def _changing(name: str, how: Change, title: str) -> Operation:
    return Operation(
        name,
        partial(change, how=how),
        title=title,
        definition=f"http://hl7.org/fhir/OperationDefinition/Resource-{name}",
        levels={"instance": "u"},
        affects_state=True,
        takes=(_META,),
        gives=(_RETURN,),
    )


META = (
    Operation(
        "meta",
        meta,
        title="Profiles, tags and security labels",
        definition="http://hl7.org/fhir/OperationDefinition/Resource-meta",
        levels={"system": "", "type": "s", "instance": "r", "version": "r"},
        gives=(_RETURN,),
    ),
    _changing("meta-add", added, "Adds profiles, tags and security labels"),
    _changing("meta-delete", removed, "Takes away profiles, tags and security labels"),
)
"""$meta, $meta-add and $meta-delete."""
