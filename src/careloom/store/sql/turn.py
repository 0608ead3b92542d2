"""The writer's turn in SQL: the rules of `careloom.store.recording` over the tables."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

from careloom.model import Resource
from careloom.model.errors import ConflictError
from careloom.model.instants import Clock
from careloom.model.records import dataclass
from careloom.search import Query
from careloom.store.audit_form import AuditForm
from careloom.store.ids import Sequence, is_made_here, microseconds
from careloom.store.port import Prepared, Turn
from careloom.store.recording import Head, RecordingTurn, following
from careloom.store.sql.batch import Batch
from careloom.store.sql.blanks import TYPE
from careloom.store.sql.dialect import Connection, Cursor, Dialect, UnitConnection
from careloom.store.sql.entered import Entered, Written
from careloom.store.sql.frames import NO_FRAME, Frame
from careloom.store.sql.group import Group
from careloom.store.sql.indexing import describe, fingerprints
from careloom.store.sql.keys import NO_SHAPE, address_hash, code_hash
from careloom.store.sql.names import UNKNOWN, WriterNames
from careloom.store.sql.postings import Rows
from careloom.store.sql.preparing import Indexed
from careloom.store.sql.searching import Search
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import OPERATIONS, Row, Tenancy
from careloom.store.versions import Version

T = TypeVar("T")

_SQL = load_statements("record.sql")


class HoldsUpError(Exception):
    """What was taken for light searches: it is to be done where it holds up nobody."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the writer keeps from turn to turn.

    Attributes:
        tenancy: The tenant.
        dialect: The database.
        names: The names as the writer sees them.
        sequence: Numbers of new versions.
        clock: For the expiry of keys.
        new_id: Makes ids.
        group: What the units of the group under way have written and is not in the tables yet.
    """

    tenancy: Tenancy
    dialect: Dialect
    names: WriterNames
    sequence: Sequence
    clock: Clock
    new_id: Callable[[], str]
    group: Group

    def undo_group(self) -> None:
        """Forget what was remembered of a group that was undone."""
        self.group.forget()
        self.names.undo_group()


def take_turn(connection: UnitConnection, desk: Desk, turn: "SqlTurn", work: Callable[[Turn], T]) -> T:
    """Run the work; whatever it raises undoes it, by the writer as far as it has begun a unit on the connection."""
    desk.names.begin()
    desk.sequence.begin()
    try:
        turn.begin(connection)
        turn.join(connection, desk.group)
        result = work(turn)
        turn.finish()
    except BaseException:
        desk.names.undo_unit()
        raise
    finally:
        turn.end()
    return result


def write_group(connection: Connection, desk: Desk) -> None:
    """Write what the units of the group have left to be written."""
    describe_types(connection, desk, desk.group.write(connection))


def describe_types(connection: Connection, desk: Desk, types: set[str]) -> None:
    """Say by what the first versions of a type are found, in the unit that records them."""
    if new := types - desk.names.described:
        parameters, covers = desk.tenancy.parameters, desk.tenancy.elements.covers
        found_by = {type: fingerprints(type, parameters, covers) for type in sorted(new)}
        describe(connection, found_by, desk.tenancy.number, found_by)
        desk.names.described |= new


class SqlTurn(RecordingTurn):
    """One unit of work; nothing can be done with it before `begin` and after `end`.

    Args:
        desk: What the writer keeps.
        cause: Who caused it.
        looks: Whether it looks for resources by ids that were made for new ones, too.

    Attributes:
        types: The types of which it records versions.
        most_waiting: Versions that a batch collects before it is written.
    """

    most_waiting = 5_000
    _may_add_frames = True

    def __init__(self, desk: Desk, cause: str, *, looks: bool = True) -> None:
        super().__init__(desk.sequence, desk.new_id)
        self._looks = looks
        self._desk = desk
        self._tenancy = desk.tenancy
        self._cause = cause
        self._open: Connection | None = None
        self._unit: UnitConnection | None = None
        self._group: Group | None = None
        self._before: Mapping[int, Written] = {}  # what units before it in the group have written
        self._first = 0
        self._batch = Batch(desk.tenancy.number, desk.dialect)
        self._written: dict[int, Written] = {}
        self.types: set[str] = set()
        self._rids: dict[str, int] = {}  # by address: each is asked for several times
        self._looked_at: dict[int, Row | None] = {}
        self._has_forgotten = False

    def begin(self, connection: Connection) -> None:
        """Work on this connection from here on."""
        self._open = connection
        self._first = self._sequence.last + 1

    def join(self, connection: UnitConnection, group: Group) -> None:
        """Be one of the units of a group."""
        self._unit = connection
        self._group = group
        self._before = group.written

    def finish(self) -> None:
        """Hand over what was written, and who caused it."""
        if self._group is not None:
            self._group.take(self._batch, self._written, self.types)
            if self.wrote_changes:
                self._group.add_unit(self._first, self._sequence.last, self._cause)

    def end(self) -> None:
        """Do nothing more."""
        self._open = None

    def expect(self, resources: Iterable[tuple[str, str]], *, new: Iterable[tuple[str, str]] = ()) -> None:
        """As in the port: what is there of them is read in a few statements, however many they are."""
        unsure = ((type, id) for type, id in new if self._looks or not is_made_here(id))
        rids = [self._rid(type, id) for type, id in chain(resources, unsure)]
        self._looked_at |= dict.fromkeys(rids)
        for rid, *row in self._about("read_many", rids):
            self._looked_at[rid] = tuple(row)

    def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        rid = self._rid(type, id)
        if (written := self._written.get(rid) or self._before.get(rid)) is not None:
            return written.version if isinstance(written, Entered) else written
        row = self._looked_at[rid] if rid in self._looked_at else self._row("read", rid=rid)
        return self._tenancy.version(type, row) if row else None

    def search(self, query: Query) -> list[Version]:
        """As in the port."""
        self._look_around()
        unseen = self._execute("unseen").fetchall()
        snapshot = Snapshot(hidden=tuple((first, last) for first, last in unseen))
        return Search(self._connection, self._desk.dialect, self._tenancy, self._desk.names, snapshot).first(query)

    def identified(self, identifiers: Mapping[str, Collection[tuple[str, str]]]) -> list[Version]:
        """As in the port."""
        self._look_around()
        wanted = {type: frozenset(names) for type, names in identifiers.items()}
        hashes = list(dict.fromkeys(self._identifier_hashes(wanted)))
        found = []
        for number, *row in dict.fromkeys(self._about("newest_under", hashes)):
            type = self._desk.names.text(self._connection, number)
            version = self._tenancy.version(type, tuple(row))
            if type in wanted and not wanted[type].isdisjoint(_identifiers(version)):
                found.append(version)
                self._looked_at[self._rid(type, version.id)] = tuple(row)
        return found

    def _identifier_hashes(self, identifiers: Mapping[str, Collection[tuple[str, str]]]) -> Iterator[int]:
        """Under which resources with these identifiers lie, and perhaps others."""
        for type, names in identifiers.items():
            for key in self._tenancy.elements.covers.keys(type, "identifier"):
                yield from (code_hash(self._tenancy.hash_of, type, key, value) for _, value in names)

    def _about(self, statement: str, items: list[Any], *key: Any) -> Iterator[Row]:
        """The rows of a statement about any number of items."""
        return self._desk.dialect.about(self._connection, _SQL[statement], (self._tenancy.number, *key), items)

    def once(self, scope: str, key: str, until: datetime) -> bool:
        """As in the port."""
        self._write_through()
        now = microseconds(self._desk.clock())
        if not self._has_forgotten:
            self._execute("forget_expired", now=now)
            self._has_forgotten = True
        if self._batch.remembered(scope, [key], now):
            return False
        return self._execute("once", scope=scope, key=key, until=microseconds(until)).rowcount == 1

    def seen(self, scope: str, keys: Collection[str]) -> frozenset[str]:
        """As in the port."""
        now = microseconds(self._desk.clock())
        found = {text for text, until in self._about("seen", list(keys), scope) if until > now}
        batches = (self._batch,) if self._group is None else (self._group.batch, self._batch)
        return frozenset(found.union(*(batch.remembered(scope, keys, now) for batch in batches)))

    def remember(self, scope: str, keys: Collection[str], until: datetime) -> None:
        """As in the port."""
        self._batch.remember(scope, keys, microseconds(until), microseconds(self._desk.clock()))

    def audit(self, event: Resource | AuditForm | Prepared) -> str:
        """As in the port; a form whose kind is known is not written out."""
        ready = self._prepared(event, event.id) if isinstance(event, AuditForm) else event
        if not isinstance(ready, Indexed) or ready.rows is None or ready.is_outdated:
            return super().audit(ready)
        before = self._replaceable(TYPE, ready.id)
        self._append_indexed(Entered(ready, following(before), self._sequence.next()), ready, before)
        return ready.id

    def _replaceable(self, type: str, id: str) -> Head | None:
        """As in the base class; a made id is nobody's, which is found out at the latest when its head is written."""
        if self._looks or not is_made_here(id):
            return super()._replaceable(type, id)
        rid = self._rid(type, id)
        if rid in self._written or rid in self._before or rid in self._looked_at:
            return super()._replaceable(type, id)
        self._batch.add_new(rid)
        return None

    def _head(self, type: str, id: str) -> Head | None:
        rid = self._rid(type, id)
        if written := self._written.get(rid) or self._before.get(rid):
            return Head(written.number, written.sequence, written.interaction)
        row = self._looked_at[rid] if rid in self._looked_at else self._row("head", rid=rid)
        if not row:
            return None
        found, ver, op, vid, *_ = row
        if found != id:
            raise ConflictError(f"{type}/{id}: its hash is that of the id {found}; choose another id")
        return Head(ver, vid, OPERATIONS[op])

    def _append(self, version: Version, before: Head | None) -> None:
        prepared = None if version.resource is None else self._prepared(version.resource, version.id)
        self._append_prepared(version, before, prepared)

    def _append_prepared(self, version: Version, before: Head | None, prepared: Prepared | None) -> None:
        ready: Indexed | None = None
        if version.resource is not None:
            ready = prepared if isinstance(prepared, Indexed) else self._prepared(version.resource, version.id)
        self._append_indexed(version, ready, before)

    def _append_indexed(self, version: Written, ready: Indexed | None, before: Head | None) -> None:
        vid, rid = version.sequence, self._rid(version.type, version.id)
        self.types.add(version.type)
        if before:
            self._batch.close(before.sequence, vid)
        if ready is None:
            shape, frame = self._number(NO_SHAPE), NO_FRAME
        else:
            rows, shape, frame = (
                (ready.rows, ready.shape, ready.frame) if ready.rows is not None else self._rows(ready.resource)
            )
            self._batch.add_body(vid, ready.dictionary, ready.packed)
            self._batch.add_postings(vid, rows)
        key = (vid, version.number, OPERATIONS.index(version.interaction))
        self._batch.add_version(rid, self._number(version.type), version.id, key, shape, frame)
        self._written[rid] = version
        if len(self._written) % self.most_waiting == 0:
            self._flush()

    def _tell(self, version: Version, previous_version_id: str | None) -> None:
        self._batch.add_change(version.sequence)

    def _prepared(self, resource: Resource | AuditForm, id: str) -> Indexed:
        return self._tenancy.preparation.prepare(
            resource, id, self._number, find=self._find, is_lasting=self._are_names_kept
        )

    def _are_names_kept(self) -> bool:
        """Whether the numbers of texts are for ever."""
        return self._desk.names.are_kept

    def _rows(self, resource: Resource) -> tuple[Rows, int, int]:
        """The rows of a version, and the numbers of its shape and of its frame."""
        found = self._tenancy.preparation.found(resource, self._number)
        frame = self._frame(found.frame) if found.frame else NO_FRAME
        return found.rows if frame else found.whole, self._number(found.shape), frame

    def _frame(self, frame: Frame) -> int:
        """The number of a frame; one that is new gets its rows in this unit, `NO_FRAME` if it may get none."""
        known = self._find(frame.name)
        if known != UNKNOWN:
            return known
        if not self._may_add_frames or not self._desk.names.claim_frame():
            return NO_FRAME
        number = self._number(frame.name)
        self._batch.add_postings(number, frame.rows)
        return number

    def _look_around(self) -> None:
        """Have all in the tables that a search is to find.

        Raises:
            HoldsUpError: Everybody else waits for what is done here.
        """
        if self._unit is not None and self._unit.must_be_quick:
            raise HoldsUpError
        self._flush()

    def _flush(self) -> None:
        self._write_through()
        self._batch.write(self._connection)

    def _write_through(self) -> None:
        """Have the tables up to date but for this unit, and what it writes to them be undone if its work raises."""
        if self._unit is not None and not self._unit.is_in_unit:
            write_group(self._unit, self._desk)
            self._unit.begin_unit()

    @property
    def _connection(self) -> Connection:
        if self._open is None:
            raise RuntimeError("a turn is over when its work returns; it cannot be used outside")
        return self._open

    def _rid(self, type: str, id: str) -> int:
        address = f"{type}/{id}"
        known = self._rids.get(address)
        if known is None:
            known = self._rids[address] = address_hash(self._tenancy.hash_of, address)
        return known

    def _find(self, text: str) -> int:
        """The number of a text; `UNKNOWN` when it has none."""
        return self._desk.names.find(self._connection, text)

    def _number(self, text: str) -> int:
        names = self._desk.names
        found = names.find(self._connection, text)
        if found != UNKNOWN:
            return found
        self._write_through()
        return names.number(self._connection, text)

    def _row(self, name: str, **values: Any) -> Any:
        return self._execute(name, **values).fetchone()

    def _execute(self, name: str, **values: Any) -> Cursor:
        return self._connection.execute(_SQL[name], values | {"tenant": self._tenancy.number})


def _identifiers(version: Version) -> Iterator[tuple[str, str]]:
    """System and value of each identifier of a resource."""
    for each in (version.resource or {}).get("identifier", ()):
        yield each.get("system", ""), each.get("value", "")
