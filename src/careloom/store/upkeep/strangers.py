"""Contents that are those of another tenant.

A body does not say whose it is: the id and the version number of its resource are left out of it. What there is of a
version beside its body does. It has a type, a list of parameters and index rows, made when it was written of what it
was then, by a secret and numbers of names that are its tenant's alone. Where they tell of something that the content
does not have, and another tenant has this very content and is led to it by its own index, the content is that one's.
The index is as it should be then, and would be spoiled if it were made again.

On PostgreSQL versions of several tenants may have the same number. Earlier releases took them for one another when they
packed bodies anew. So contents under such numbers are looked at in any case: closed versions lose their index rows, and
then nothing tells whose a content is that two tenants have alike.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import zstandard

from careloom.model.records import dataclass
from careloom.store.upkeep.databases import Database
from careloom.store.upkeep.index_rows import Row, given, stored_of
from careloom.store.upkeep.records import Kept, Record

STRANGE = "a content that is another tenant's"
UNTOLD = "a content that another tenant has under the same number, while nothing tells whose it is"

Version = tuple[int, int]
"""Number of a tenant, and vid."""

Verdicts = Mapping[Version, tuple[str, int]]
"""Of versions what they are called, and whether they are what they are found by."""

_SHARED = "SELECT vid FROM body GROUP BY vid HAVING count(*) > 1"
_DIGEST_BYTES = 16

_FITS, _LACKS, _DIFFERS, _SILENT = range(4)
"""What a version is found by: all that its content gives, less of it, something else; or nothing any more."""

_MISSING = ("", _LACKS)
"""Of a content without a version, which is told of elsewhere."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A version with a content that is not its own, or may not be.

    Attributes:
        version: Which.
        kind: `STRANGE` or `UNTOLD`.
        where: Tenant, resource and version, and who else has the content.
    """

    version: Version
    kind: str
    where: str


def strangers(database: Database, records: Sequence[Record], doubted: Collection[Version]) -> Iterator[Stranger]:
    """The versions whose contents are those of another tenant.

    Args:
        database: As of one moment.
        records: Of all tenants.
        doubted: Versions whose index rows are not those of their contents.
    """
    if len(records) < 2:
        return
    shared = {vid for (vid,) in database.stream(_SHARED)}
    if not shared and not doubted:
        return
    twins = _twins(database, records, lambda version: version in doubted or version[1] in shared)
    verdicts = _verdicts(database, records, {each for version in twins for each in (version, *twins[version])})
    names = {record.number: record.name for record in records}
    for (tenant, vid), others in twins.items():
        if kind := _kind((tenant, vid), others, verdicts):
            theirs = ", ".join(sorted({names[other] for other, _ in others}))
            where = f"tenant {names[tenant]}, {verdicts[tenant, vid][0]}: as in tenant {theirs}"
            yield Stranger((tenant, vid), kind, where)


def _twins(
    database: Database, records: Sequence[Record], is_asked: Callable[[Version], bool]
) -> Mapping[Version, list[Version]]:
    """Of the versions asked for those whose content other tenants have too, and where."""
    digests = dict(_digests(database, records, is_asked))
    holders: dict[bytes, list[Version]] = {digest: [] for digest in digests.values()}
    for version, digest in _digests(database, records, lambda version: True):
        if digest in holders:
            holders[digest].append(version)
    others = {
        version: [other for other in holders[digest] if other[0] != version[0]] for version, digest in digests.items()
    }
    return {version: found for version, found in others.items() if found}


def _digests(
    database: Database, records: Sequence[Record], is_asked: Callable[[Version], bool]
) -> Iterator[tuple[Version, bytes]]:
    """The digest of each content that is asked for and can be read."""
    for record in records:
        select = f"SELECT vid, dictionary, bytes FROM body WHERE tenant = {record.number}"
        for vid, dictionary, packed in database.stream(select):
            if is_asked((record.number, vid)):
                try:
                    text = record.tenancy.bodies.unpack_text(dictionary, packed)
                except (zstandard.ZstdError, ValueError):
                    continue  # told of elsewhere
                yield (record.number, vid), hashlib.blake2b(text, digest_size=_DIGEST_BYTES).digest()


def _kind(version: Version, others: Sequence[Version], verdicts: Verdicts) -> str:
    """What is wrong with a version whose content others have; empty if nothing is."""
    _, verdict = verdicts.get(version, _MISSING)
    under_number = [verdicts.get(other, _MISSING)[1] for other in others if other[1] == version[1]]
    if verdict == _DIFFERS and (under_number or any(verdicts.get(other, _MISSING)[1] == _FITS for other in others)):
        return STRANGE
    return UNTOLD if verdict == _SILENT and set(under_number) - {_DIFFERS} else ""


def _verdicts(database: Database, records: Sequence[Record], versions: Collection[Version]) -> Verdicts:
    """How what each of some versions is found by agrees with its content."""
    found = {}
    for record in records:
        vids = [vid for tenant, vid in versions if tenant == record.number]
        rows: dict[int, set[tuple[str, Row]]] = defaultdict(set)
        for table, row in stored_of(database, record, vids):
            rows[row[0]].add((table, row))
        for kept in record.versions(vids):
            address = f"{kept.type}/{kept.id} version {kept.version_id}"
            found[record.number, kept.vid] = address, _verdict(record, kept, rows[kept.vid])
    return found


def _verdict(record: Record, kept: Kept, rows: Collection[tuple[str, Row]]) -> int:
    """The same of one.

    A closed version without index rows may have the list of parameters of former times.
    """
    if kept.resource["resourceType"] != kept.type:
        return _DIFFERS
    if not kept.is_living and not rows:
        return _SILENT
    found = record.found(kept)
    expected = set(given(kept, found))
    if not record.has_shape(kept, found) or not record.has_frame(kept, found) or not expected.issuperset(rows):
        return _DIFFERS
    return _FITS if expected == rows else _LACKS
