"""History beyond one resource: the versions of a type or of the whole record, newest first.

A version's sequence is its place in time. A page is therefore a range of sequences: it begins below the last one that
was shown, and nothing that is written meanwhile moves it.
"""

from collections.abc import Iterable
from datetime import datetime

from careloom.model.records import dataclass
from careloom.store.ids import first_sequence
from careloom.store.versions import Version


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which versions are asked for.

    Attributes:
        types: Of these types; None for every type.
        id: Of this resource, of the one type; empty for all.
        since: Recorded at this instant or later, in UTC.
        start: With ``end``: current at some point of a period, from this instant on, in UTC.
        end: End of that period, which is not part of it.
        ascending: Oldest first.
        beyond: Sequence of the last version shown; None on the first page.
        count: Versions on a page.
    """

    types: tuple[str, ...] | None = None
    id: str = ""
    since: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    ascending: bool = False
    beyond: int | None = None
    count: int = 50

    @property
    def first(self) -> int:
        """Smallest sequence that is asked for."""
        after = self.beyond + 1 if self.beyond is not None and self.ascending else 0
        return max(after, first_sequence(self.since) if self.since else 0)

    @property
    def last(self) -> int | None:
        """Largest sequence that is asked for; None where there is no end to it."""
        before = self.beyond - 1 if self.beyond is not None and not self.ascending else None
        ends = [before, first_sequence(self.end) - 1 if self.end else None]
        return min((each for each in ends if each is not None), default=None)

    @property
    def still_current(self) -> int | None:
        """The sequence that the version after one must be larger than; None where that is of no matter."""
        return first_sequence(self.start) if self.start else None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of versions.

    Attributes:
        versions: In the order asked for, deletions among them.
        next: What to hand back as ``beyond`` for the page that follows; None on the last.
    """

    versions: tuple[Version, ...]
    next: int | None = None

    @classmethod
    def of(cls, query: HistoryQuery, found: Iterable[Version]) -> "HistoryPage":
        """A page of what was found, which is one version more than fits if there is another page."""
        versions = tuple(found)
        page = versions[: query.count]
        return cls(page, page[-1].sequence if len(versions) > len(page) and page else None)
