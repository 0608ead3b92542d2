"""Which search parameters the index knows as they are now defined, and how far the others have got.

A parameter that is new, or was defined otherwise when versions were indexed, must not be searched by before they are
indexed anew. So the table ``index_state`` keeps a fingerprint of each definition, written in the unit that records the
first version of a type. At the opening of a record it is compared with what the definitions say now:

- new: its rows are added, slice by slice, while others write;
- changed: the same under its next generation, which is part of what its rows are found by, so that none of the old
  rows is ever taken for a new one;
- left out: marked as dropped; should it come back, it is as if it had changed.

A slice moves on the mark ``done_to`` in its own unit, so a hub that ends in between goes on where it was. What is
written meanwhile is indexed as now defined at once.

A SearchParameter that is recorded while the record is open changes the index in a turn: `change` notes what is defined
otherwise, and from that turn on all that is written is indexed by the new definitions. What was written before it is
indexed in slices, as above. Several processes on one PostgreSQL take the slices in turns, each from where the one
before it left off, so that the work is done once, and goes on when one of them dies.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.search import SearchParameter, SearchParameters
from careloom.search.parameters import State
from careloom.store.sql.batch import laid_out
from careloom.store.sql.covering import Cover, Covers
from careloom.store.sql.dialect import Connection
from careloom.store.sql.keys import canonical_name, parameter_name
from careloom.store.sql.names import Names
from careloom.store.sql.postings import KEPT_IN_VERSION
from careloom.store.sql.pruning import pruned_to
from careloom.store.sql.removing import Remover
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Index, Row, generations
from careloom.store.sql.text import one_of

AT_ONCE = 100
"""Versions in a slice at most: some tens of milliseconds."""

SLICE_SECONDS = 0.1
"""A slice that has taken this long ends: an expression may cost much, and others wait for their turns."""

BUILDING, READY, DROPPED = "building", "ready", "dropped"
"""In the column ``state``."""

BY_VERSION = ("str", "dat", "num", "ref")
"""Tables in which the rows of a version are found by the version: they go though nothing tells of them."""

_SQL = load_statements("record.sql")


@dataclass(frozen=True, slots=True)
class Building:
    """Parameters of a type whose rows are being made.

    Attributes:
        type: Resource type.
        codes: The parameters, all equally far.
        done_to: The vid up to which versions are indexed by them.
    """

    type: str
    codes: tuple[str, ...]
    done_to: int


def fingerprints(type: str, parameters: SearchParameters, covers: Covers) -> dict[str, str]:
    """By code, a digest of all that the rows of a parameter depend on; of those that have rows of their own."""
    return {
        code: _fingerprint(parameter, covers.of(type).get(code))
        for code, parameter in parameters.of(type).items()
        if parameter.is_indexed and parameter.branches and code not in KEPT_IN_VERSION and covers.has_rows(type, code)
    }


def _fingerprint(parameter: SearchParameter, cover: Cover | None) -> str:
    parts = [(part.kind, part.branches, part.folded) for part in (parameter, *parameter.components)]
    return hashlib.sha256(repr((parts, cover)).encode()).hexdigest()[:32]


def describe(connection: Connection, types: Iterable[str], tenant: int, found_by: Mapping[str, dict[str, str]]) -> None:
    """Say of types that nothing is said of yet that their parameters are known as now defined, in a turn."""
    rows = [
        (tenant, type, code, fingerprint, 1, READY, 0, 0)
        for type in types
        for code, fingerprint in found_by[type].items()
    ]
    connection.executemany(_SQL["describe_index"], rows)


def review(connection: Connection, names: Names, index: Index) -> None:
    """Compare what was indexed with what is now defined, in a turn, and note what is to be done."""
    tenant, told = names.tenant, _told(connection, names.tenant)
    for type in sorted(index.parameters.resource_types()):
        wanted = _wanted(type, index) if type in told or _has_versions(connection, names, type) else {}
        if type in told:
            _note(connection, (tenant, type), told[type], {**dict.fromkeys(told[type]), **wanted})
        elif wanted:  # recorded before this was kept, by the definitions of that time, which are taken to be these
            describe(connection, [type], tenant, {type: wanted})
    index.elements.covers.generations.update(generations(connection, tenant))


def change(connection: Connection, tenant: int, before: Index, after: Index) -> None:
    """Note what one index has otherwise than the one before, in a turn; what another process has noted stands."""
    told = _told(connection, tenant)
    for type in sorted(before.parameters.touched(after.parameters) & told.keys()):
        old, new = _wanted(type, before), _wanted(type, after)
        changed = {code: new.get(code) for code in old.keys() | new.keys() if old.get(code) != new.get(code)}
        _note(connection, (tenant, type), told[type], changed)
    after.elements.covers.generations.update(generations(connection, tenant))


def _told(connection: Connection, tenant: int) -> dict[str, dict[str, Any]]:
    """By type and code: fingerprint, generation and state."""
    told: dict[str, dict[str, Any]] = {}
    for type, code, *row in connection.execute(_SQL["index_states"], {"tenant": tenant}).fetchall():
        told.setdefault(type, {})[code] = row
    return told


def _wanted(type: str, index: Index) -> dict[str, str]:
    if not index.parameters.is_resource_type(type):
        return {}
    return fingerprints(type, index.parameters, index.elements.covers)


def _note(
    connection: Connection, place: tuple[int, str], told: Mapping[str, Any], wanted: Mapping[str, str | None]
) -> None:
    """Put down how parameters of a type are now defined; None for one that is not any more."""
    for code, fingerprint in wanted.items():
        before, generation, state = told[code][:3] if code in told else (None, 0, DROPPED)
        if fingerprint is None:
            if state != DROPPED:
                _put(connection, (*place, code, before, generation, DROPPED))
        elif fingerprint != before or state == DROPPED:
            _put(connection, (*place, code, fingerprint, generation + 1, BUILDING))


def _put(connection: Connection, row: tuple[Any, ...]) -> None:
    connection.executemany(_SQL["put_index_state"], [(*row, 0, 0)])


def _has_versions(connection: Connection, names: Names, type: str) -> bool:
    key = {"tenant": names.tenant, "type": names.find(connection, type)}
    return connection.execute(_SQL["version_of_type"], key).fetchone() is not None


def buildings(connection: Connection, tenant: int, index: Index) -> list[Building]:
    """What is left to be done: the parameters of a type that are equally far, together.

    Those that another process has otherwise, since it has other settings, are left to it.
    """
    found: dict[tuple[str, int], list[str]] = {}
    for type, code, fingerprint, done_to in connection.execute(_SQL["index_building"], {"tenant": tenant}).fetchall():
        if _wanted(type, index).get(code) == fingerprint:
            found.setdefault((type, done_to), []).append(code)
    return [Building(type, tuple(codes), done_to) for (type, done_to), codes in sorted(found.items())]


def withheld(connection: Connection, tenant: int, index: Index) -> frozenset[tuple[str, str]]:
    """Types with codes of parameters that not all rows are there of: a search that was read before must not miss any.

    They are those that are being built, and those that are defined no more.
    """
    return frozenset(
        (type, code)
        for type, told in _told(connection, tenant).items()
        for code, (_, _, state, _) in told.items()
        if state == BUILDING or (state == DROPPED and not _has(index.parameters, type, code))
    )


def _has(parameters: SearchParameters, type: str, code: str) -> bool:
    return parameters.is_resource_type(type) and code in parameters.of(type)


def states(building: Iterable[Building], parameters: SearchParameters) -> dict[str, State]:
    """By canonical URL, the states of the parameters that are being built for some type."""
    return {parameters.of(each.type)[code].url: "indexing" for each in building for code in each.codes}


def build(building: Building, remover: Remover) -> None:
    """Index one slice, in a turn."""
    connection, tenancy = remover.connection, remover.tenancy
    key = {
        "tenant": tenancy.number,
        "type": remover.names.find(connection, building.type),
        "after": building.done_to,
        "pruned": pruned_to(connection, tenancy.number),
        "limit": AT_ONCE,
    }
    rows = connection.execute(_SQL["versions_to_index"], key).fetchall()
    until, done = time.monotonic() + SLICE_SECONDS, 0
    for row in rows:
        _index_version(building, remover, row)
        done += 1
        if time.monotonic() > until:
            break
    is_last = done == len(rows) < AT_ONCE
    codes = one_of("parameter", building.codes)
    connection.execute(
        "UPDATE index_state SET done_to = ?, done = done + ?, state = ? "
        f"WHERE tenant = ? AND type = ? AND {codes.text}",
        (
            rows[done - 1][0] if done else building.done_to,
            done,
            READY if is_last else BUILDING,
            tenancy.number,
            building.type,
            *codes.values,
        ),
    )


def _index_version(building: Building, remover: Remover, row: Row) -> None:
    connection, tenancy = remover.connection, remover.tenancy
    vid, shape, dictionary, packed = row
    resource = tenancy.bodies.unpack(dictionary, packed)
    _index(building, remover, vid, resource)
    _, told = tenancy.preparation.rows(resource, lambda text: remover.names.number(connection, text))
    if told != shape:
        connection.execute(_SQL["reshape"], {"tenant": tenancy.number, "vid": vid, "shape": told})


def _index(building: Building, remover: Remover, vid: int, resource: Resource) -> None:
    """Make the rows of some parameters for one version; those that it has already come only once."""
    tenancy = remover.tenancy
    for table, numbers in _old_numbers(building, remover):
        some = one_of("p", numbers)
        remover.connection.execute(
            f"DELETE FROM {table} WHERE tenant = ? AND vid = ? AND {some.text}", (tenancy.number, vid, *some.values)
        )
    found = tenancy.elements.rows_by(
        building.codes, resource, lambda text: remover.names.number(remover.connection, text)
    )
    rows = laid_out(tenancy.number, vid, found)
    remover.rows(rows)
    for table, each in rows.items():
        remover.dialect.append(remover.connection, table, each)


def _old_numbers(building: Building, remover: Remover) -> Iterator[tuple[str, Sequence[int]]]:
    """The numbers under which the generation before was."""
    covers = remover.tenancy.elements.covers
    before = [
        covers.named(code, generation - 1)
        for code in building.codes
        if (generation := covers.generations.get((building.type, code), 1)) > 1
    ]
    texts = [parameter_name(building.type, each) for each in before]
    found = [remover.names.find(remover.connection, text) for text in (*texts, *map(canonical_name, texts))]
    if known := sorted(number for number in found if number > 0):
        yield from ((table, known) for table in BY_VERSION)
