"""Instants as FHIR writes them, and the clock that is handed in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]
"""Gives the present instant, timezone-aware."""


def utc_now() -> datetime:
    """The present instant in UTC; the clock of everything but tests."""
    return datetime.now(UTC)


def instant(moment: datetime) -> str:
    """FHIR ``instant`` in UTC with microseconds, ``2026-11-22T11:09:00.000000Z``."""
    since = moment - _EPOCH
    return f"{_second(since.days, since.seconds)}.{since.microseconds:06}Z"


@lru_cache(maxsize=256)  # many moments are of one second, and few of one microsecond
def _second(days: int, seconds: int) -> str:
    """A second by how long it is after the beginning of 1970."""
    return (_EPOCH + timedelta(days, seconds)).replace(tzinfo=None).isoformat()
