"""What the elements of a resource come to together, remembered for those that come in the same company.

Nearly all resources of a type have the same few elements in common, status, category, code, beside those that are like
others but for their marks. What the first add, and the shape of all of them, is put together once; the rows that the
others have of their own are put to it each time.
"""

from collections.abc import Mapping, Sequence

from careloom.model.records import dataclass
from careloom.store.sql.frames import Frame
from careloom.store.sql.shares import Found, Share, united
from careloom.store.sql.tables import Row


@dataclass(frozen=True, slots=True)
class Sum:
    """What shares come to but for the rows that some have of their own.

    Attributes:
        rows: By table, those that are the same for all.
        own: Which of the shares have rows of their own.
        is_worded: Whether words are among these: those of all are then one to a row.
        shape: Text of the shape.
        frame: What is shared with other versions.
    """

    rows: Mapping[str, list[Row]]
    own: tuple[int, ...]
    is_worded: bool
    shape: str
    frame: Frame | None

    def found(self, shares: Sequence[Share]) -> Found:
        """What a resource of shares such as these is found by."""
        rows = dict(self.rows)
        several: set[str] = set()
        for place in self.own:
            for table, own in shares[place].own:
                if table in rows:
                    rows[table] = rows[table] + own
                    several.add(table)
                else:
                    rows[table] = own
        for table in several:
            rows[table] = list(dict.fromkeys(rows[table]))
        if self.is_worded:
            rows["fts"] = [(" ".join([word for (word,) in rows["fts"]]),)]
        return Found(rows, self.shape, self.frame)


def sum_of(shares: Sequence[Share], shape: str, frame: Frame | None) -> Sum:
    """What some shares come to, as far as it is the same for all that are like them."""
    own = tuple(place for place, share in enumerate(shares) if share.own)
    is_worded = any(table == "fts" for place in own for table, _ in shares[place].own)
    rows = united([share.without_own() for share in shares])
    if is_worded and "fts" in rows:
        rows["fts"] = [(word,) for (words,) in rows["fts"] for word in words.split(" ")]
    return Sum(rows, own, is_worded, shape, frame)
