"""Erasing a person: every version of what is theirs, with index rows, words and places in the change log.

What is erased: the resource itself, and what is or was in its compartment. A resource whose newest content is in the
compartment goes with all its versions; of one that has moved on to somebody else, only the versions that were in it.
Audit records stay, since they are the proof of who saw what.

What is left is a record of the erasure: when, how much, and a digest over the keyed hashes of all addresses erased.
Whoever holds the list can show that just these were erased; nobody can read from it whom it was about.
"""

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime

from careloom.model.records import dataclass
from careloom.store.erasure import Erasure
from careloom.store.ids import microseconds
from careloom.store.sql.clauses import DELETED
from careloom.store.sql.indexing import BY_VERSION
from careloom.store.sql.keys import address_hash, parameter_name
from careloom.store.sql.removing import Remover
from careloom.store.sql.text import one_of

KEPT = frozenset({"AuditEvent"})
"""Types that are never erased."""


@dataclass(frozen=True, slots=True)
class Erased:
    """A resource of which something is to be erased.

    Attributes:
        type: Resource type.
        id: Logical id.
        vids: The versions to be erased.
        is_whole: Whether nothing of it remains.
    """

    type: str
    id: str
    vids: tuple[int, ...]
    is_whole: bool


def to_erase(type: str, id: str, remover: Remover) -> list[Erased]:
    """What an erasure takes, as the record is now, in the order of addresses."""
    holder = address_hash(remover.tenancy.hash_of, f"{type}/{id}")
    rids = {holder} | set(_members(type, holder, remover))
    found = [_of_resource(rid, rid == holder, type, holder, remover) for rid in rids]
    return sorted((each for each in found if each is not None), key=lambda each: (each.type, each.id))


def erase(erased: Collection[Erased], remover: Remover) -> int:
    """Take some of it out, in a turn; how many rows that were."""
    rows = 0
    for each in erased:
        rows += remover.versions(each.vids) + _left_over(each.vids, remover)
        if each.is_whole:
            rid = address_hash(remover.tenancy.hash_of, f"{each.type}/{each.id}")
            key = (remover.tenancy.number, rid)
            rows += remover.connection.execute("DELETE FROM head WHERE tenant = ? AND rid = ?", key).rowcount
    return rows


def _left_over(vids: tuple[int, ...], remover: Remover) -> int:
    """Take out rows of search parameters that are defined no more, which no content tells of; how many there were."""
    some, rows = one_of("vid", vids), 0
    for table in BY_VERSION:
        delete = f"DELETE FROM {table} WHERE tenant = ? AND {some.text}"
        rows += remover.connection.execute(delete, (remover.tenancy.number, *some.values)).rowcount
    return rows


def record(done: "Done", subject: str, remover: Remover) -> Erasure:
    """Write down what was erased; of whom, as a keyed hash alone."""
    digest = digest_of(done.erased, remover)
    found = Erasure(done.id, done.begun, done.ended, len(done.erased), done.versions, done.rows, digest.hex())
    remover.connection.execute(
        "INSERT INTO erasure (tenant, id, subject, begun, ended, resources, versions, rows, digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(remover.tenancy.number, done.id, address_hash(remover.tenancy.hash_of, subject)),
            *(microseconds(done.begun), microseconds(done.ended)),
            *(found.resources, found.versions, found.rows, digest),
        ),
    )
    return found


@dataclass(frozen=True, slots=True)
class Done:
    """An erasure that is complete but for its record."""

    id: str
    begun: datetime
    ended: datetime
    erased: list[Erased]
    rows: int

    @property
    def versions(self) -> int:
        """How many versions are gone."""
        return sum(len(each.vids) for each in self.erased)


def digest_of(erased: list[Erased], remover: Remover) -> bytes:
    """SHA-256 over the keyed hashes of ``Type/id/vid`` of all versions erased, in order."""
    state = hashlib.sha256()
    for each in erased:
        for vid in sorted(each.vids):
            hashed = address_hash(remover.tenancy.hash_of, f"{each.type}/{each.id}/{vid}")
            state.update(hashed.to_bytes(8, "big", signed=True))
    return state.digest()


def _members(type: str, holder: int, remover: Remover) -> Iterator[int]:
    """The resources that were in the compartment at any time, as far as the index remembers."""
    for member in sorted(remover.tenancy.parameters.resource_types() - KEPT):
        numbers = _numbers(member, type, remover)
        if numbers:
            ways = one_of("r.p", numbers)
            yield from (
                rid
                for (rid,) in remover.connection.execute(
                    f"SELECT DISTINCT v.rid FROM ref AS r {remover.dialect.in_order} version AS v "
                    f"ON v.tenant = r.tenant AND v.vid = r.vid WHERE r.tenant = ? AND r.target = ? AND {ways.text}",
                    (remover.tenancy.number, holder, *ways.values),
                ).fetchall()
            )


def _numbers(member: str, type: str, remover: Remover) -> list[int]:
    """The parameters that put resources of a type into the compartment."""
    covers = remover.tenancy.elements.covers
    codes = remover.tenancy.parameters.compartments(member).get(type, ())
    keys = {key for code in codes for key in covers.keys(member, code)}
    found = {remover.names.find(remover.connection, parameter_name(member, key)) for key in keys}
    return sorted(number for number in found if number > 0)


def _of_resource(rid: int, is_holder: bool, type: str, holder: int, remover: Remover) -> Erased | None:
    key = (remover.tenancy.number, rid)
    head = remover.connection.execute("SELECT type, id FROM head WHERE tenant = ? AND rid = ?", key).fetchone()
    if head is None:
        return None
    member = remover.names.text(remover.connection, head[0])
    select = (
        "SELECT vid, op FROM version WHERE tenant = ? AND rid = ? AND vid IN "
        "(SELECT vid FROM head WHERE tenant = ? AND rid = ? UNION ALL "
        "SELECT vid FROM version WHERE tenant = ? AND rid = ? AND valid_to IS NOT NULL)"
    )
    rows = sorted(remover.connection.execute(select, key * 3).fetchall())
    inside = {
        vid for vid, op in rows if is_holder or (op != DELETED and _is_inside(vid, member, type, holder, remover))
    }
    content = [vid for vid, op in rows if op != DELETED]
    is_whole = is_holder or not content or content[-1] in inside
    vids = tuple(vid for vid, _ in rows) if is_whole else tuple(sorted(inside))
    return Erased(member, head[1], vids, is_whole)


def _is_inside(vid: int, member: str, type: str, holder: int, remover: Remover) -> bool:
    ways = one_of("p", _numbers(member, type, remover))
    row = remover.connection.execute(
        f"SELECT 1 FROM ref WHERE tenant = ? AND target = ? AND {ways.text} AND vid = ? LIMIT 1",
        (remover.tenancy.number, holder, *ways.values, vid),
    ).fetchone()
    return row is not None
