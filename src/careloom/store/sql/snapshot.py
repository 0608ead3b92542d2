"""What a search sees: the record as it was at one moment, whatever has been written since.

A vid tells when a version was written, and a version is closed by the vid of the one that follows it; so a moment is a
vid. Work that is written in slices, and units of other writers that have not ended yet, have vids below that moment
though nobody has seen them: their ranges belong to the snapshot, and stay hidden as long as its pages are turned.
"""

from careloom.model.records import dataclass
from careloom.store.sql.text import Sql

NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of the record.

    Attributes:
        vid: The newest version that counts.
        hidden: First and last vid of each range that does not.
    """

    vid: int = NEWEST
    hidden: tuple[tuple[int, int], ...] = ()

    @property
    def is_newest(self) -> bool:
        """Whether nothing can have been written since."""
        return self.vid == NEWEST

    def shows(self, alias: str) -> Sql:
        """Whether a row of ``version`` is the newest of its resource at this moment, which may be a deletion."""
        if self.is_newest and not self.hidden:
            return Sql(f"{alias}.valid_to IS NULL")
        within = "".join(f" OR {alias}.valid_to BETWEEN ? AND ?" for _ in self.hidden)
        # The plus keeps a planner from going through all versions up to the snapshot, which are nearly all there are.
        text = f"+{alias}.vid <= ? AND ({alias}.valid_to IS NULL OR {alias}.valid_to > ?{within})"
        unseen = "".join(f" AND NOT ({alias}.vid BETWEEN ? AND ?)" for _ in self.hidden)
        ends = tuple(end for range in self.hidden for end in range)
        return Sql(text + unseen, (self.vid, self.vid, *ends, *ends))
