"""Whether a record is what it should be: each part held against the others, and what is derived made again.

Index rows are compared without keeping them in memory: each row falls into one of some thousand buckets by its version,
and a bucket counts what should be in it up and what is in it down. Buckets that do not come to nothing are looked at
once more, and the versions in them named.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from careloom.model.records import dataclass, field
from careloom.search import SearchParameters
from careloom.store.sql.frames import AFTER, PREFIX, Frame
from careloom.store.sql.shares import Found
from careloom.store.sql.tables import COLUMNS
from careloom.store.upkeep.databases import Database
from careloom.store.upkeep.index_rows import COMPARED, Row, as_kept, given, stored
from careloom.store.upkeep.records import Kept, Record, records
from careloom.store.upkeep.strangers import strangers
from careloom.store.upkeep.tally import Tally

BUCKETS = 4_096
MOST_TOLD = 20
"""Findings of one kind that are named; more are counted."""

Doubt = tuple[str, int]
"""What is wrong between a version and what it is found by, and its vid."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: of which kind, and where."""

    kind: str
    where: str


@dataclass(slots=True)
class Report:
    """What a check has found.

    Attributes:
        versions: How many with content were looked at.
        findings: Of each kind up to `MOST_TOLD`.
        counts: How many of each kind there are.
    """

    versions: int = 0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, where: str) -> None:
        """Take a finding in."""
        self.counts[kind] += 1
        if self.counts[kind] <= MOST_TOLD:
            self.findings.append(Finding(kind, where))

    @property
    def is_sound(self) -> bool:
        """Whether everything is as it should be."""
        return not self.counts


_UNSEEN = "EXISTS (SELECT 1 FROM tx WHERE tx.tenant = v.tenant AND tx.state > 0 AND v.vid BETWEEN tx.tx AND tx.last)"

_RELATIONS: Mapping[str, str] = {
    "a resource whose newest version is missing, closed or another one": (
        "SELECT h.tenant, h.vid FROM head AS h LEFT JOIN version AS v ON v.tenant = h.tenant AND v.vid = h.vid "
        "WHERE v.vid IS NULL OR v.rid <> h.rid OR v.type <> h.type OR v.ver <> h.ver OR v.op <> h.op "
        "OR v.valid_to IS NOT NULL"
    ),
    "an open version that is not the newest of its resource": (
        "SELECT v.tenant, v.vid FROM version AS v LEFT JOIN head AS h ON h.tenant = v.tenant AND h.rid = v.rid "
        f"WHERE v.valid_to IS NULL AND (h.vid IS NULL OR h.vid <> v.vid) AND NOT {_UNSEEN}"
    ),
    "a version that does not end with the one that follows it": (
        "SELECT v.tenant, v.vid FROM version AS v LEFT JOIN version AS n "
        "ON n.tenant = v.tenant AND n.vid = v.valid_to "
        "WHERE v.valid_to IS NOT NULL AND (n.vid IS NULL OR n.rid <> v.rid OR n.ver <> v.ver + 1)"
    ),
    "a version without content": (
        "SELECT v.tenant, v.vid FROM version AS v LEFT JOIN body AS b ON b.tenant = v.tenant AND b.vid = v.vid "
        "WHERE v.op <> 2 AND b.vid IS NULL"
    ),
    "content without a version, or of a deletion": (
        "SELECT b.tenant, b.vid FROM body AS b LEFT JOIN version AS v ON v.tenant = b.tenant AND v.vid = b.vid "
        "WHERE v.vid IS NULL OR v.op = 2"
    ),
    "a change of a version that is missing": (
        "SELECT c.tenant, c.vid FROM change_log AS c LEFT JOIN version AS v ON v.tenant = c.tenant AND v.vid = c.vid "
        "WHERE v.vid IS NULL"
    ),
    **{
        f"a row of {table} that belongs to no version and no frame": (
            f"SELECT t.tenant, t.vid FROM {table} AS t LEFT JOIN version AS v "
            "ON v.tenant = t.tenant AND v.vid = t.vid WHERE v.vid IS NULL "
            f"AND NOT EXISTS (SELECT 1 FROM name AS n WHERE n.tenant = t.tenant AND n.id = t.vid "
            f"AND n.text >= '{PREFIX}' AND n.text < '{AFTER}')"
        )
        for table in COMPARED
    },
}
"""What each selects ought not to be there."""


def check(database: Database, parameters: SearchParameters, tell: Callable[[str], None] = lambda what: None) -> Report:
    """Look at everything.

    Args:
        database: As of one moment.
        parameters: What resources are found by, as the hub has them.
        tell: Hears of what is looked at next.
    """
    report = Report()
    tell("files")
    for fault in database.faults():
        report.add("a damaged file", fault)
    tell("versions, heads, contents")
    for kind, select in _RELATIONS.items():
        for tenant, vid in database.stream(select):
            report.add(kind, f"tenant {tenant}, vid {vid}")
    doubts: dict[int, list[Doubt]] = {}
    found = list(records(database, parameters))
    for record in found:
        tell(f"contents and index rows of tenant {record.number}")
        doubts[record.number] = _check_rows(database, record, report)
    tell("whose the contents are")
    _tell_doubts(database, found, doubts, report)
    return report


def _tell_doubts(
    database: Database, records: Sequence[Record], doubts: Mapping[int, Sequence[Doubt]], report: Report
) -> None:
    """Tell of versions that do not fit their index rows: the content is another's, or the rows are wrong."""
    doubted = {(tenant, vid) for tenant, found in doubts.items() for _, vid in found}
    strange = set()
    for stranger in strangers(database, records, doubted):
        report.add(stranger.kind, stranger.where)
        strange.add(stranger.version)
    for tenant, found in doubts.items():
        for kind, vid in found:
            if (tenant, vid) not in strange:
                report.add(kind, f"tenant {tenant}, vid {vid}")


def _check_rows(database: Database, record: Record, report: Report) -> list[Doubt]:
    """The living versions that have not the index rows that their contents give, or have others."""
    doubts: list[Doubt] = []
    buckets = {table: [0] * BUCKETS for table in COMPARED}
    frames: dict[int, Frame] = {}
    for kept in _readable(record, report):
        found = record.found(kept)
        doubts += _check_columns(record, kept, found, frames)
        for table, row in given(kept, found):
            buckets[table][kept.vid % BUCKETS] += _weight(row)
    _check_frames(database, record, frames, report)
    for table in COMPARED:
        for row in stored(database, record, table):
            buckets[table][row[0] % BUCKETS] -= _weight(row)
    suspects = {table: {at for at, rest in enumerate(found) if rest} for table, found in buckets.items()}
    return [*doubts, *_named(database, record, suspects)] if any(suspects.values()) else doubts


def _named(database: Database, record: Record, suspects: Mapping[str, set[int]]) -> Iterator[Doubt]:
    """The versions of buckets that do not come to nothing."""
    rest: dict[tuple[str, int], int] = Counter()
    for kept in _readable(record, Report()):
        for table, row in given(kept, record.found(kept)):
            if kept.vid % BUCKETS in suspects[table]:
                rest[table, kept.vid] += _weight(row)
    for table in (table for table in COMPARED if suspects[table]):
        for row in stored(database, record, table):
            vid = row[0]
            if vid % BUCKETS in suspects[table]:
                rest[table, vid] -= _weight(row)
    for (table, vid), left in sorted(rest.items()):
        if left:
            yield f"rows of {table} that are not those of the content", vid


def _readable(record: Record, report: Report) -> Iterator[Kept]:
    """The living versions; the first that cannot be read ends it."""
    try:
        for kept in record.versions():
            report.versions += 1
            if kept.is_living:
                yield kept
    except ValueError as error:
        report.add("a content that cannot be read", str(error))


def _check_columns(record: Record, kept: Kept, found: Found, frames: dict[int, Frame]) -> Iterator[Doubt]:
    """Whether a version has the shape and the frame that its content gives; the frame is noted if it has."""
    if not record.has_shape(kept, found):
        yield "a list of parameters that is not that of the content", kept.vid
    if not record.has_frame(kept, found):
        yield "a frame that is not that of the content", kept.vid
    elif found.frame and kept.frame:
        frames[kept.frame] = found.frame


def _check_frames(database: Database, record: Record, frames: Mapping[int, Frame], report: Report) -> None:
    """Whether each frame has its rows, and no others."""
    for number, frame in frames.items():
        for table in COMPARED:
            expected = Counter(as_kept(table, row) for row in frame.rows.get(table, ()))
            columns = ", ".join(column for column in COLUMNS[table] if column not in ("tenant", "vid"))
            select = f"SELECT {columns} FROM {table} WHERE tenant = {record.number} AND vid = {number}"
            if Counter(database.stream(select)) != expected:
                report.add(f"rows of {table} that are not those of the frame", f"tenant {record.number}, name {number}")


def _weight(row: Row) -> int:
    """A number for a row; sums of such numbers are the same for the same rows only."""
    tally = Tally()
    tally.add(row)
    return tally.digest
