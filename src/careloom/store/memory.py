"""The record in memory: the port with nothing behind it, for tests and for trying things out.

It keeps all versions and looks at each of them for a search, so it is the plain statement of what the databases must
answer.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import TypeVar

from careloom.model import Resource, parse_resource, serialize_json
from careloom.model.errors import UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass, field, replace
from careloom.search import IndexValues, Query, SearchParameters, index_values
from careloom.search.conditions import Comparison
from careloom.search.custom import TYPE, with_recorded
from careloom.search.operands import TokenOperand
from careloom.store.audit_form import AuditForm
from careloom.store.erasure import Erasure
from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.ids import Sequence, new_id
from careloom.store.including import included_versions
from careloom.store.memory_events import MemoryEventLog
from careloom.store.memory_search import Held, Snapshot
from careloom.store.paging import Position, Sealer, count_limit, page_size
from careloom.store.port import Change, Page, Prepared, Stretch, Turn
from careloom.store.recording import Head, RecordingTurn, text_of
from careloom.store.versions import Text, Version

T = TypeVar("T")


class MemoryRepository:
    """A `careloom.store.port.Repository` in memory.

    Args:
        tenant: Whose record.
        parameters: What resources are found by.
        clock: Gives ``meta.lastUpdated``.
        new_id: Gives the ids of created resources.
    """

    def __init__(
        self,
        *,
        tenant: str,
        parameters: SearchParameters,
        clock: Clock = utc_now,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self.tenant = tenant
        self._state = _State(parameters)
        self._sequence = Sequence(clock, 0)
        self._clock = clock
        self._new_id = new_id
        self._sealer = Sealer(secrets.token_bytes(32))
        self._callbacks: list[Callable[[], None]] = []
        self._events = MemoryEventLog(clock)
        self._is_closed = False

    @property
    def parameters(self) -> SearchParameters:
        """As in the port."""
        return self._state.parameters

    @property
    def events(self) -> MemoryEventLog:
        """As in the port."""
        return self._events

    async def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        self._check_open()
        return next(reversed(self._state.history(type, id)), None)

    async def read_text(self, type: str, id: str) -> Text | None:
        """As in the port."""
        found = await self.read(type, id)
        return text_of(found) if found else None

    async def vread(self, type: str, id: str, version_id: str) -> Version | None:
        """As in the port."""
        self._check_open()
        return next((each for each in self._state.history(type, id) if each.version_id == version_id), None)

    async def unit_end(self, sequence: int) -> int:
        """As in the port."""
        ends = (last for first, last in self._state.units if first <= sequence <= last)
        return next(ends, sequence)

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """As in the port."""
        self._check_open()
        found = sorted(self._state.past(query), key=lambda each: each.sequence, reverse=not query.ascending)
        return HistoryPage.of(query, found[: query.count + 1])

    async def search(self, query: Query) -> Page:
        """As in the port."""
        self._check_open()
        position = self._sealer.open(query, query.page) if query.page else Position(self._sequence.last)
        snapshot = self._state.snapshot(position.snapshot)
        found = snapshot.matches(query)
        rest = _behind(found, position)[: 0 if query.counts_only else None]
        size, total = page_size(query), _total(query, found, position)
        matches = tuple(rest[:size])
        following = Position(position.snapshot, (matches[-1].sequence,), total) if len(rest) > size > 0 else None
        included = included_versions(query, matches, self._state.parameters, snapshot.matches)
        return Page(matches, included, total, self._sealer.seal(query, following) if following else None)

    def prepare(self, resource: Resource | AuditForm, *, id: str | None = None) -> Prepared:
        """As in the port."""
        if isinstance(resource, AuditForm):
            return Prepared(resource, resource.id)
        chosen = self._new_id() if id is None else id
        return Prepared({**resource, "id": chosen}, chosen)

    def prepare_many(self, resources: Iterable[tuple[Resource, str]]) -> list[Prepared]:
        """As in the port."""
        return [self.prepare(resource, id=id) for resource, id in resources]

    async def erase(self, type: str, id: str) -> Erasure:
        """As in the port."""
        self._check_open()
        begun, gone = self._clock(), self._state.erase(type, id)
        digest = hashlib.sha256("".join(f"{each.reference}/{each.sequence}" for each in gone).encode())
        resources = len({each.reference for each in gone})
        return Erasure(self._new_id(), begun, self._clock(), resources, len(gone), len(gone), digest.hexdigest())

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "", size: int = 0, is_light: bool = False) -> T:
        """As in the port."""
        self._check_open()
        self._sequence.begin()
        turn = MemoryTurn(self._state, self._sequence, self._new_id, self._clock, cause)
        before = self._sequence.last
        try:
            result = work(turn)
        except BaseException:
            turn.undo()
            raise
        finally:
            turn.end()
        self._state.units.append((before + 1, self._sequence.last))
        if turn.wrote_parameters:
            await self.renew_parameters()
        if turn.wrote_changes:
            asyncio.get_running_loop().call_soon(self._wake)
        return result

    async def renew_parameters(self) -> None:
        """As in the port: all is indexed at once."""
        self._state.renew()

    async def changes(self, after: int, limit: int) -> list[Change]:
        """As in the port."""
        self._check_open()
        return [change for change in self._state.changes if change.sequence > after][:limit]

    async def changes_of(self, types: Collection[str], after: int, limit: int) -> Stretch:
        """As in the port."""
        found = await self.changes(after, limit)
        to = found[-1].sequence if found else after
        return Stretch([change for change in found if change.type in types], to, len(found) < limit)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """As in the port."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        """As in the port."""
        self._is_closed = True

    def _wake(self) -> None:
        for callback in self._callbacks:
            callback()

    def _check_open(self) -> None:
        if self._is_closed:
            raise UnavailableError(f"record of {self.tenant}: closed")


@dataclass(slots=True)
class _State:
    """What is recorded."""

    parameters: SearchParameters
    versions: dict[tuple[str, str], list[Version]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    seen: dict[tuple[str, str], datetime] = field(default_factory=dict)
    values: dict[int, IndexValues] = field(default_factory=dict)
    units: list[tuple[int, int]] = field(default_factory=list)

    def renew(self) -> None:
        """Find resources by the SearchParameter resources that are recorded."""
        newest = [versions[-1] for (type, _), versions in self.versions.items() if type == TYPE]
        newest.sort(key=lambda version: version.sequence)
        parameters = with_recorded(self.parameters, [each.resource for each in newest if each.resource is not None])
        touched = parameters.touched(self.parameters)
        self.parameters = parameters
        for (type, _), versions in self.versions.items():
            for version in versions if type in touched else ():
                if version.resource is not None:
                    self.values[version.sequence] = index_values(version.resource, parameters)

    def history(self, type: str, id: str) -> list[Version]:
        """The versions of a resource, oldest first."""
        return self.versions.get((type, id), [])

    def past(self, query: HistoryQuery) -> Iterator[Version]:
        """The versions that a question of history asks for, in no order."""
        last = query.last
        for (type, id), versions in self.versions.items():
            if (query.types is not None and type not in query.types) or (query.id and id != query.id):
                continue
            for version, following in zip_longest(versions, versions[1:]):
                ended = following is not None and following.sequence <= (query.still_current or 0)
                if query.first <= version.sequence and (last is None or version.sequence <= last) and not ended:
                    yield version

    def erase(self, type: str, id: str) -> list[Version]:
        """Drop a resource and what is in its compartment; the versions that are gone, in the order of addresses."""
        gone: list[Version] = []
        for key in sorted(self.versions):
            versions = self.versions[key]
            inside = [each for each in versions if key == (type, id) or self._is_inside(each, f"{type}/{id}")]
            content = [each for each in versions if not each.is_deleted]
            is_whole = key == (type, id) or (bool(inside) and content[-1] in inside)
            gone += versions if is_whole else inside
        sequences = {each.sequence for each in gone}
        left = {key: [each for each in all if each.sequence not in sequences] for key, all in self.versions.items()}
        self.versions = {key: versions for key, versions in left.items() if versions}
        self.changes[:] = [change for change in self.changes if change.sequence not in sequences]
        return gone

    def _is_inside(self, version: Version, holder: str) -> bool:
        values = self.values.get(version.sequence)
        return values is not None and version.type != "AuditEvent" and holder in values.compartments

    def as_of(self, type: str, id: str, snapshot: int) -> Version | None:
        """The version that was the newest at a snapshot."""
        return next((each for each in reversed(self.history(type, id)) if each.sequence <= snapshot), None)

    def snapshot(self, sequence: int) -> Snapshot:
        """The record as it stood at a sequence."""
        return Snapshot(lambda type: self._living(type, sequence), lambda type, id: self._newest(type, id, sequence))

    def _living(self, type: str, sequence: int) -> Iterator[Held]:
        for key in self.versions:
            held = self._newest(*key, sequence) if type in ("", key[0]) else None
            if held is not None:
                yield held

    def _newest(self, type: str, id: str, sequence: int) -> Held | None:
        version = self.as_of(type, id, sequence)
        if version is None or version.is_deleted:
            return None
        return self.values[version.sequence], version


class MemoryTurn(RecordingTurn):
    """One unit of work on the state, which can be undone.

    Attributes:
        wrote_parameters: Whether it has written a SearchParameter.
    """

    def __init__(self, state: _State, sequence: Sequence, new_id: Callable[[], str], clock: Clock, cause: str) -> None:
        super().__init__(sequence, new_id)
        self._all = state
        self._clock = clock
        self._cause = cause
        self._undoing: list[Callable[[], object]] = []
        self._is_over = False
        self.wrote_parameters = False

    def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        return next(reversed(self._state.history(type, id)), None)

    def search(self, query: Query) -> list[Version]:
        """As in the port."""
        return self._state.snapshot(self._sequence.last).matches(query)[: page_size(query)]

    def identified(self, identifiers: Mapping[str, Collection[tuple[str, str]]]) -> list[Version]:
        """As in the port."""
        snapshot, found = self._state.snapshot(self._sequence.last), []
        for type, names in identifiers.items():
            operands = tuple(TokenOperand(system, value) for system, value in names)
            found += snapshot.matches(Query(type, (Comparison("identifier", "token", operands),)))
        return found

    def once(self, scope: str, key: str, until: datetime) -> bool:
        """As in the port."""
        seen, place = self._state.seen, (scope, key)
        before = seen.get(place)
        if before is not None and before > self._clock():
            return False
        seen[place] = until
        self._undoing.append(lambda: seen.pop(place) if before is None else seen.update({place: before}))
        return True

    def remember(self, scope: str, keys: Collection[str], until: datetime) -> None:
        """As in the port."""
        for key in keys:
            self.once(scope, key, until)

    def seen(self, scope: str, keys: Collection[str]) -> frozenset[str]:
        """As in the port."""
        now, seen = self._clock(), self._state.seen
        return frozenset(key for key in keys if (until := seen.get((scope, key))) is not None and until > now)

    def undo(self) -> None:
        """Take back everything, the last thing first."""
        while self._undoing:
            self._undoing.pop()()

    def end(self) -> None:
        """Do nothing more."""
        self._is_over = True

    @property
    def _state(self) -> _State:
        if self._is_over:
            raise RuntimeError("a turn is over when its work returns; it cannot be used outside")
        return self._all

    def _head(self, type: str, id: str) -> Head | None:
        newest = self.read(type, id)
        return Head(int(newest.version_id), newest.sequence, newest.interaction) if newest else None

    def _append(self, version: Version, before: Head | None) -> None:
        state = self._state
        self.wrote_parameters |= version.type == TYPE
        kept = replace(version, resource=version.resource and parse_resource(serialize_json(version.resource)))
        if kept.resource is not None:
            state.values[version.sequence] = index_values(kept.resource, state.parameters)
        history = state.versions.setdefault((version.type, version.id), [])
        history.append(kept)
        self._undoing.append(history.pop)

    def _tell(self, version: Version, previous_version_id: str | None) -> None:
        changes = self._state.changes
        changes.append(
            Change(
                sequence=version.sequence,
                type=version.type,
                id=version.id,
                version_id=version.version_id,
                interaction=version.interaction,
                previous_version_id=previous_version_id,
                recorded=version.last_updated,
                cause=self._cause,
            )
        )
        self._undoing.append(changes.pop)


def _behind(found: list[Version], position: Position) -> list[Version]:
    """What comes after the last entry shown."""
    if not position.after:
        return found
    shown = next(index for index, each in enumerate(found) if each.sequence == position.after[-1])
    return found[shown + 1 :]


def _total(query: Query, found: list[Version], position: Position) -> int | None:
    """As on the first page; left out where the query wants none or there are more than are counted."""
    if position.after:
        return position.total
    limit = count_limit(query)
    return None if limit is not None and (limit == 0 or len(found) > limit) else len(found)
