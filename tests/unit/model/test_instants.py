from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, timezones

from careloom.model.instants import instant


def test_an_instant_has_six_digits_of_a_second() -> None:
    assert instant(datetime(2026, 11, 22, 11, 9, tzinfo=UTC)) == "2026-11-22T11:09:00.000000Z"
    assert instant(datetime(2026, 11, 22, 11, 9, 1, 5, tzinfo=UTC)) == "2026-11-22T11:09:01.000005Z"


@pytest.mark.parametrize("hours", (-9, 0, 13))
def test_an_instant_is_told_in_utc(hours: int) -> None:
    here = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=hours)))
    assert instant(here) == here.astimezone(UTC).isoformat().replace("+00:00", "Z")


@given(datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=timezones()))
def test_it_is_read_back_as_it_was(moment: datetime) -> None:
    assert datetime.fromisoformat(instant(moment)) == moment.astimezone(UTC)  # an hour that comes twice equals nothing
