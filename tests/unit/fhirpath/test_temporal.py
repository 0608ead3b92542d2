from datetime import UTC, datetime
from decimal import Decimal

import pytest

from careloom.fhirpath.temporal import (
    Temporal,
    compare,
    date_time_of,
    high_boundary,
    instant_key,
    low_boundary,
    parse_date,
    parse_date_time,
    parse_time,
    plus,
)


def read(text: str) -> Temporal:
    """A time if it starts with T, a date-time if it has a T elsewhere, else a date."""
    found = parse_time(text[1:]) if text[0] == "T" else parse_date_time(text) if "T" in text else parse_date(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("2012-04-15", "2012-04-16", -1),
        ("2012-04", "2012-04-15", None),
        ("2012-03", "2012-04-15", -1),
        ("2012-04-15T10:00:00", "2012-04-15T10:00:00.000", 0),
        ("2012-04-15T10:00", "2012-04-15T10:00:00", None),
        ("2012-04-15T15:00:00+02:00", "2012-04-15T16:00:00+03:00", 0),
        ("2012-04-15T00:30:00+01:00", "2012-04-14T23:45:00Z", -1),
        ("2012-04-15T15:00:00Z", "2012-04-15T10:00:00", None),
        ("2012-04-15T15:00:00Z", "2012-04-17T10:00:00", -1),
        ("2012-04-17T10:00:00", "2012-04-15T15:00:00Z", 1),
        ("2012-04-15", "2012-04-15T10:00:00Z", None),
        ("T10:30", "T10:30:00", None),
        ("T10:30:00", "T11:00:00", -1),
    ],
)
def test_components_decide_as_far_as_they_are_known(left: str, right: str, expected: int | None) -> None:
    assert compare(read(left), read(right)) == expected


@pytest.mark.parametrize(
    ("text", "amount", "unit", "expected"),
    [
        ("2012-01-31", "1", "month", "2012-02-29"),
        ("2012-02-29", "1", "year", "2013-02-28"),
        ("2012-01-31", "-2", "month", "2011-11-30"),
        ("1973-12-25", "7.7", "day", "1974-01-01"),
        ("1973-12-25", "24", "hour", "1973-12-26"),
        ("2012", "13", "month", "2013"),
        ("2012", "365", "day", "2013"),
        ("2012-01", "40", "day", "2012-02"),
        ("2012-01-01T00:00:00", "-1", "second", "2011-12-31T23:59:59"),
        ("2012-01-01T00:00:00.000+10:00", "10", "millisecond", "2012-01-01T00:00:00.010+10:00"),
        ("2012-01-01T10", "90", "minute", "2012-01-01T11"),
        ("2012-01-01T10:00:00Z", "1", "week", "2012-01-08T10:00:00Z"),
        ("T23:30", "1", "hour", "00:30"),
        ("T23:30:00", "50", "hour", "01:30:00"),
    ],
)
def test_moving_keeps_precision_and_zone(text: str, amount: str, unit: str, expected: str) -> None:
    assert expected == str(plus(read(text), Decimal(amount), unit))


@pytest.mark.parametrize(("text", "amount", "unit"), [("9999-12-31", 1, "day"), ("0001-01", -1, "month")])
def test_beyond_the_calendar_there_is_nothing(text: str, amount: int, unit: str) -> None:
    assert plus(read(text), Decimal(amount), unit) is None


def test_a_time_cannot_move_by_days() -> None:
    with pytest.raises(ValueError, match="by day"):
        plus(read("T10:00"), Decimal(1), "day")


@pytest.mark.parametrize(
    ("text", "digits", "low", "high"),
    [
        ("2014", 6, "2014-01", "2014-12"),
        ("2016-02", 8, "2016-02-01", "2016-02-29"),
        ("2014-01-05T10:30", 17, "2014-01-05T10:30:00.000+14:00", "2014-01-05T10:30:59.999-12:00"),
        ("2014-01-05T10:30:05.1Z", 17, "2014-01-05T10:30:05.100Z", "2014-01-05T10:30:05.199Z"),
        ("2014-01-05T10:30", 8, "2014-01-05", "2014-01-05"),
        ("T10:30", 9, "10:30:00.000", "10:30:59.999"),
    ],
)
def test_boundaries_fill_what_is_not_known(text: str, digits: int, low: str, high: str) -> None:
    assert (low, high) == (str(low_boundary(read(text), digits)), str(high_boundary(read(text), digits)))


def test_a_boundary_of_an_odd_precision_is_nothing() -> None:
    assert low_boundary(read("2014"), 5) is None


@pytest.mark.parametrize("text", ["2015-13", "2015-02-29", "0000", "15", "2015-1-1", "2015-01-01T25:00", "2015-01-01Z"])
def test_what_is_not_in_the_calendar_is_not_read(text: str) -> None:
    assert parse_date_time(text) is None


def test_equal_instants_share_a_key() -> None:
    keys = {instant_key(read(text)) for text in ("2012-04-15T15:00:00+02:00", "2012-04-15T13:00:00.0Z")}
    assert len(keys) == 1


def test_an_instant_is_written_with_milliseconds_and_zone() -> None:
    assert str(date_time_of(datetime(2026, 3, 1, 9, 5, 7, 123456, UTC))) == "2026-03-01T09:05:07.123Z"
