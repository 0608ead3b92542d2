"""What remains of an erasure."""

from datetime import datetime

from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record of an erasure: enough to prove it, nothing of whom it was about.

    Attributes:
        id: Its own.
        begun: When, in UTC.
        ended: When all was gone, in UTC.
        resources: How many resources lost versions.
        versions: How many versions.
        rows: How many rows of the database, those of the search index among them.
        digest: SHA-256, in hexadecimal, over the tenant's keyed hashes of the addresses erased, in order.
    """

    id: str
    begun: datetime
    ended: datetime
    resources: int
    versions: int
    rows: int
    digest: str
