"""The rules by which versions follow one another, the same for every store.

A store says how to look up the head of a resource and how to append a version; what counts as a creation, how versions
are numbered and what ``meta`` they carry is decided here.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from careloom.model import Resource, parse_resource, resource_type, serialize_json
from careloom.model.errors import ConflictError, InvalidError
from careloom.model.instants import instant
from careloom.model.records import dataclass
from careloom.search import Query
from careloom.store.audit_form import AuditForm
from careloom.store.ids import Sequence, recorded_at
from careloom.store.port import Prepared
from careloom.store.versions import Interaction, Text, Version

_TYPE = re.compile(r"[A-Z][A-Za-z]{0,63}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_STAMPED = ("versionId", "lastUpdated")
_FIRST = 1


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version of a resource, without its body."""

    number: int
    sequence: int
    interaction: Interaction

    @property
    def is_living(self) -> bool:
        """Whether the resource is there at present."""
        return self.interaction != "delete"


class RecordingTurn(ABC):
    """A `careloom.store.port.Turn` but for what only the store can do.

    Attributes:
        wrote_changes: Whether this turn has written to the change log.
        is_aside: As in the port.
    """

    is_aside = False

    def __init__(self, sequence: Sequence, new_id: Callable[[], str]) -> None:
        self._sequence = sequence
        self._new_id = new_id
        self.wrote_changes = False

    def expect(  # noqa: B027 - doing nothing is right for most
        self, resources: Iterable[tuple[str, str]], *, new: Iterable[tuple[str, str]] = ()
    ) -> None:
        """As in the port; a store that has them at hand need not do anything."""

    @abstractmethod
    def read(self, type: str, id: str) -> Version | None:
        """As in the port."""

    @abstractmethod
    def search(self, query: Query) -> list[Version]:
        """As in the port."""

    @abstractmethod
    def identified(self, identifiers: Mapping[str, Collection[tuple[str, str]]]) -> list[Version]:
        """As in the port."""

    @abstractmethod
    def once(self, scope: str, key: str, until: datetime) -> bool:
        """As in the port."""

    @abstractmethod
    def seen(self, scope: str, keys: Collection[str]) -> frozenset[str]:
        """As in the port."""

    @abstractmethod
    def remember(self, scope: str, keys: Collection[str], until: datetime) -> None:
        """As in the port."""

    @abstractmethod
    def _head(self, type: str, id: str) -> Head | None:
        """The newest version of a resource; None if there never was one."""

    @abstractmethod
    def _append(self, version: Version, before: Head | None) -> None:
        """Write a version as the head of its resource, close the one before, index it."""

    def _append_prepared(self, version: Version, before: Head | None, prepared: Prepared | None) -> None:
        """The same, of a resource that may have been prepared; a store that prepares makes use of it."""
        self._append(version, before)

    @abstractmethod
    def _tell(self, version: Version, previous_version_id: str | None) -> None:
        """Write the row of the change log."""

    def create(self, resource: Resource | Prepared, *, id: str | None = None) -> Version:
        """As in the port."""
        return self._create(resource, id)

    def audit(self, event: Resource | AuditForm | Prepared) -> str:
        """As in the port."""
        given = event.written_out() if isinstance(event, AuditForm) else event
        return self._create(given, None if isinstance(given, Prepared) else given.get("id"), is_told=False).id

    def update(self, resource: Resource | Prepared) -> Version:
        """As in the port."""
        plain, prepared = _taken_apart(resource)
        type, id = _type_of(plain), _checked_id(plain, plain.get("id"))
        before = self._head(type, id)
        interaction: Interaction = "update" if before and before.is_living else "create"
        return self._record(type, id, before, interaction, plain, prepared)

    def enter(self, resources: Iterable[Prepared], *, are_new: bool) -> list[Version | None]:
        """As in the port."""
        find = self._replaceable if are_new else self._head
        return [self._entered(each, find) for each in resources]

    def _entered(self, prepared: Prepared, find: Callable[[str, str], Head | None]) -> Version | None:
        resource = prepared.resource
        try:
            type, id = _type_of(resource), _checked_id(resource, prepared.id)
            if not isinstance(resource.get("meta", {}), dict) or find(type, id) is not None:
                return None
        except (InvalidError, ConflictError):
            return None
        return self._record(type, id, None, "create", resource, prepared)

    def delete(self, type: str, id: str) -> Version | None:
        """As in the port."""
        before = self._head(type, id)
        if before is None or not before.is_living:
            return self.read(type, id)
        return self._record(type, id, before, "delete", None)

    def _create(self, resource: Resource | Prepared, id: str | None, *, is_told: bool = True) -> Version:
        plain, prepared = _taken_apart(resource)
        type = _type_of(plain)
        wanted = prepared.id if prepared and id is None else id
        chosen = self._new_id() if wanted is None else _checked_id(plain, wanted)
        if prepared and prepared.id != chosen:
            prepared = None  # what was prepared is found by its id
        before = self._replaceable(type, chosen)
        return self._record(type, chosen, before, "create", plain, prepared, is_told=is_told)

    def _replaceable(self, type: str, id: str) -> Head | None:
        """What a new resource follows by its id: a deletion, or nothing.

        Raises:
            ConflictError: There is a living resource by this id.
        """
        before = self._head(type, id)
        if before and before.is_living:
            raise ConflictError(f"{type}/{id}: a new id expected, there is a version {before.number} by this one")
        return before

    def _record(  # noqa: PLR0917  a version is made of all of it
        self,
        type: str,
        id: str,
        before: Head | None,
        interaction: Interaction,
        resource: Resource | None,
        prepared: Prepared | None = None,
        *,
        is_told: bool = True,
    ) -> Version:
        sequence = self._sequence.next()
        moment = recorded_at(sequence)
        version_id = str(following(before))
        stored = None if resource is None else stamped(resource, id, version_id, moment)
        version = Version(type, id, version_id, moment, interaction, stored, sequence)
        if is_told:
            self._tell(version, str(before.number) if before and before.is_living else None)
            self.wrote_changes = True
        self._append_prepared(version, before, None if prepared and prepared.is_outdated else prepared)
        return version


def following(before: Head | None) -> int:
    """The number of the version that follows another, or none."""
    return before.number + 1 if before else _FIRST


def _taken_apart(resource: Resource | Prepared) -> tuple[Resource, Prepared | None]:
    return (resource.resource, resource) if isinstance(resource, Prepared) else (resource, None)


def stamped(resource: Resource, id: str, version_id: str, last_updated: datetime) -> Resource:
    """The resource as it is stored: with its id, and its version in ``meta``; other parts are shared, not copied.

    Raises:
        InvalidError: ``meta`` is not an object.
    """
    own = {"versionId": version_id, "lastUpdated": instant(last_updated)}
    stored: Resource = {"resourceType": None, "id": None, "meta": None, **resource}
    stored["id"] = id
    stored["meta"] = {**own, **_own_meta(resource), **own} if "meta" in resource else own
    return stored


def _own_meta(resource: Resource) -> dict[str, Any]:
    meta = resource["meta"]
    if not isinstance(meta, dict):
        raise InvalidError(f"{_type_of(resource)}.meta: an object expected, found {meta!r}")
    return meta


def unstamped(resource: Resource) -> Resource:
    """The resource without what `stamped` gives it: what is kept of it beside its version."""
    bare = {key: value for key, value in resource.items() if key not in ("id", "meta")}
    kept = kept_meta(resource.get("meta"))
    return bare if kept is None else {**bare, "meta": kept}


def kept_meta(meta: Any) -> Any:
    """What is left of ``meta``; None for nothing."""
    if not isinstance(meta, dict):
        return meta
    return {key: value for key, value in meta.items() if key not in _STAMPED} or None


def text_of(version: Version) -> Text:
    """A version as text."""
    body = None if version.resource is None else serialize_json(version.resource)
    return Text(
        version.type,
        version.id,
        version.version_id,
        version.last_updated,
        version.interaction,
        body,
        version.sequence,
    )


def stamped_text(body: bytes, type: str, id: str, version_id: str, last_updated: datetime) -> bytes:
    """The JSON of what `stamped` makes of a resource, from the JSON of what `unstamped` has left of it.

    Where ``meta`` stands first, as it does in nearly all resources, or is not there, nothing is read but where it ends.
    """
    start = b'{"resourceType":"%b"' % type.encode()
    meta = _meta_of(body)
    rest = body[len(start) :]
    if meta is not None:
        member = b',"meta":' + meta
        if not rest.startswith(member) or meta[:1] != b"{" or not body.startswith(start):
            return serialize_json(stamped(parse_resource(body), id, version_id, last_updated))
        rest = rest[len(member) :]
    elif not body.startswith(start):
        return serialize_json(stamped(parse_resource(body), id, version_id, last_updated))
    own = f',"id":"{id}","meta":{{"versionId":"{version_id}","lastUpdated":"{instant(last_updated)}"'
    others = b"," + meta[1:] if meta is not None and meta != b"{}" else b"}"
    return b"".join((start, own.encode(), others, rest))


class _Head(msgspec.Struct):
    """What of a resource has to be found to put its version into it."""

    meta: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_read_head = msgspec.json.Decoder(_Head).decode


def _meta_of(body: bytes) -> bytes | None:
    """The text of ``meta``; None where there is none."""
    meta = _read_head(body).meta
    return None if isinstance(meta, msgspec.UnsetType) else bytes(meta)


def _type_of(resource: Resource) -> str:
    name = resource_type(resource)
    if not _TYPE.fullmatch(name):
        raise InvalidError(f"resourceType: the name of a resource type expected, found {name!r}")
    return name


def _checked_id(resource: Resource, id: object) -> str:
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise InvalidError(f"{_type_of(resource)}.id: 1 to 64 letters, digits, '-' and '.' expected, found {id!r}")
    return id
