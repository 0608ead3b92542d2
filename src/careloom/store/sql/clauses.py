"""What a condition becomes in SQL: how to test a candidate, and how to find candidates."""

from collections.abc import Callable, Collection, Iterable, Sequence

from careloom.model.records import dataclass, replace
from careloom.search import IndexValues, SearchParameters
from careloom.store.hashing import Hash
from careloom.store.sql.covering import Covers
from careloom.store.sql.dialect import Connection, Dialect
from careloom.store.sql.frames import is_framed
from careloom.store.sql.keys import parameter_name
from careloom.store.sql.names import Names
from careloom.store.sql.reaches import Reaches
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.text import Sql, all_of, any_of, bracketed, one_of


@dataclass(frozen=True, slots=True)
class Run:
    """Rows of a table under one key of an index, which has them in the order of their vid.

    Attributes:
        name: Of the table.
        table: The same as it stands behind FROM.
        where: The key.
        block: The block of a row, if the index has them in the order of their blocks instead; otherwise empty.
    """

    name: str
    table: str
    where: Sql
    block: str = ""

    @property
    def newest_first(self) -> Sql:
        """Puts its rows in order."""
        return Sql(f"ORDER BY {self.block} DESC, vid DESC" if self.block else "ORDER BY vid DESC")


@dataclass(frozen=True, slots=True)
class Round:
    """How much to read before it is asked whether there is a better way, see `careloom.store.sql.newest`.

    Attributes:
        gathered: Rows that may be gathered.
        walked: Rows to go through otherwise, which costs about the same.
    """

    gathered: int
    walked: int


@dataclass(frozen=True, slots=True)
class Walk:
    """Going through rows of all versions from the newest on, and picking what meets a condition.

    Attributes:
        run: The rows.
        test: Whether a row is picked.
        rounds: How much to read in one round after the other.
    """

    run: Run
    test: Sql
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in SQL.

    Attributes:
        probe: Whether the version under the alias of the context meets it.
        source: Selects the vid of each version that meets it, some of them twice; None if it cannot.
        run: The same as one run of a key; None if it takes more than that.
        walk: The same picked from values of all versions; None where no index has these by version.
        covers: Whether all that the source selects meets the condition; otherwise the probe has to be asked, too.
        is_judged: Whether SQL lets too much through, and each candidate is looked at again in memory.
        reason: For people: what a search that begins here begins with.
    """

    probe: Sql
    source: Sql | None = None
    run: Run | None = None
    walk: Walk | None = None
    covers: bool = True
    is_judged: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Where conditions are put into SQL.

    Attributes:
        connection: To look up numbers, to count, and to settle what SQL alone cannot say.
        names: Numbers for texts, as the connection sees them.
        hash_of: Hash of the tenant.
        dialect: How the database says things.
        registry: Search parameters.
        covers: Under which parameters the rows are.
        snapshot: What is seen.
        values_of: Index values of a version by its vid, of some parameters.
        reaches: How far back the newest rows of tables reach.
        depth: How many references lead here.
    """

    connection: Connection
    names: Names
    hash_of: Hash
    dialect: Dialect
    registry: SearchParameters
    covers: Covers
    snapshot: Snapshot
    values_of: Callable[[int, Collection[str]], IndexValues]
    reaches: Reaches
    depth: int = 0

    @property
    def tenant(self) -> int:
        """Number of the tenant."""
        return self.names.tenant

    @property
    def alias(self) -> str:
        """Of the row of ``version`` that is tested."""
        return f"v{self.depth}"

    def number(self, text: str) -> int:
        """The number of a text; one that no row holds if it has none."""
        return self.names.find(self.connection, text)

    def numbers(self, type: str, key: str) -> list[int]:
        """The numbers of the parameters under which rows are."""
        return [self.number(parameter_name(type, each)) for each in self.covers.keys(type, key)]

    def vids(self, type: str, keys: Iterable[str]) -> tuple[str, ...]:
        """What the vid of a row may be, so that it is one of the version tested or of its frame."""
        own = f"{self.alias}.vid"
        return (own, f"{self.alias}.frame") if any(is_framed(type, key) for key in keys) else (own,)

    def of_frames_too(self, type: str, keys: Iterable[str], rows: Sql) -> Sql:
        """The vids of some rows, with those of all versions of the frames among them."""
        if not any(is_framed(type, key) for key in keys):
            return rows
        versions = self.dialect.by("version", "frame", "f")
        return Sql(
            f"{rows.text} UNION ALL SELECT f.vid FROM ({rows.text}) AS r {self.dialect.in_order} {versions} "
            "ON f.tenant = ? AND f.frame = r.vid AND f.frame > 0",
            (*rows.values, *rows.values, self.tenant),
        )

    def version_of(self, row: str) -> Sql:
        """What joins the version tested to a row that has its vid."""
        join = f"{self.dialect.in_order} version AS {self.alias} ON {self.alias}.tenant = ?"
        return Sql(f"{join} AND {self.alias}.vid = {row}.vid", (self.tenant,))

    def deeper(self) -> "Context":
        """At the other end of a reference."""
        return replace(self, depth=self.depth + 1)

    def living(self, *types: str) -> Sql:
        """Whether the version tested is the living one of its resource, and of one of the types.

        The plus keeps a planner from going through all versions of the type, when it has a vid to seek.
        """
        of_type = one_of(f"+{self.alias}.type", [self.number(type) for type in types])
        gone = Sql(f"{self.alias}.op <> {DELETED}")
        return all_of([of_type, self.snapshot.shows(self.alias), gone])


DELETED = 2
"""In the columns called op."""

MOST_SEEKS = 500
"""A condition with more alternatives than this is one test of all rows under its key."""

_SELECTS_AT_ONCE = 250
"""SQLite joins at most 500 selects, unless some of them are in brackets."""


_NOTHING = Clause(probe=Sql("1 = 0"), source=Sql("SELECT vid FROM version WHERE 1 = 0"), reason="nothing")


def nothing() -> Clause:
    """What no version meets."""
    return _NOTHING


def either(parts: Iterable[Clause]) -> Clause:
    """What meets one of some conditions: found if each of them finds."""
    parts = [part for part in parts if part is not _NOTHING]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return nothing()
    sources = [part.source for part in parts if part.source is not None]
    return Clause(
        probe=any_of(part.probe for part in parts),
        source=together(sources) if len(sources) == len(parts) else None,
        covers=all(part.covers for part in parts),
        is_judged=any(part.is_judged for part in parts),
        reason=" + ".join(dict.fromkeys(part.reason for part in parts)),
    )


def sought(rows: str, key: Sql, seeks: Sequence[Sql]) -> Sql:
    """The vid of each row that passes one of some tests, found by a seek for each test.

    Asked for all of them at once, SQLite does not seek: it goes through everything under the key they share.

    Args:
        rows: The table as it stands behind FROM.
        key: What the tests share, the beginning of a key of the table.
        seeks: The alternatives.
    """
    tests = seeks if 0 < len(seeks) <= MOST_SEEKS else [any_of(seeks)]
    selects = [Sql(f"SELECT vid FROM {rows} WHERE") + key + Sql("AND") + bracketed(test) for test in tests]
    starts = range(0, len(selects), _SELECTS_AT_ONCE)
    return _united([_united(selects[start : start + _SELECTS_AT_ONCE]) for start in starts])


def _united(selects: Sequence[Sql]) -> Sql:
    return selects[0] if len(selects) == 1 else together(selects)


def together(sources: Sequence[Sql]) -> Sql:
    """All that the sources select; in brackets of their own, since one of them may be joined of several, too."""
    text = " UNION ALL ".join(f"SELECT vid FROM ({each.text}) AS s" for each in sources)
    return Sql(text, tuple(value for each in sources for value in each.values))
