"""Instants as FHIR writes them, and the clock that is handed in."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], datetime]
"""Gives the present instant, timezone-aware."""


def utc_now() -> datetime:
    """The present instant in UTC; the clock of everything but tests."""
    return datetime.now(UTC)


@lru_cache(maxsize=256)  # what is written together has one instant
def instant(moment: datetime) -> str:
    """FHIR ``instant`` in UTC with microseconds, ``2026-11-22T11:09:00.000000Z``."""
    here = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return here.isoformat(timespec="microseconds")[:-6] + "Z"
