import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.search import dates
from careloom.search.dates import date_interval
from careloom.search.values import BEGINNING_OF_TIME, END_OF_TIME


def microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2020", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        ("2020-02", "2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"),
        ("2020-12", "2020-12-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        ("2020-02-29", "2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z"),
        ("9999-11", "9999-11-01T00:00:00Z", "9999-12-01T00:00:00Z"),
        ("2020-12-31", "2020-12-31T00:00:00Z", "2021-01-01T00:00:00Z"),
        ("2020-01-31T10:15Z", "2020-01-31T10:15:00Z", "2020-01-31T10:16:00Z"),
        ("2020-01-31T10:15:30Z", "2020-01-31T10:15:30Z", "2020-01-31T10:15:31Z"),
        ("2020-01-31T10:15:30.5Z", "2020-01-31T10:15:30.500000Z", "2020-01-31T10:15:30.600000Z"),
        ("2020-01-31T10:15:30.123456Z", "2020-01-31T10:15:30.123456Z", "2020-01-31T10:15:30.123457Z"),
        ("2020-01-31T10:15:30.123456789Z", "2020-01-31T10:15:30.123456Z", "2020-01-31T10:15:30.123457Z"),
        ("2020-01-01T00:30:00+01:00", "2019-12-31T23:30:00Z", "2019-12-31T23:30:01Z"),
        ("2020-01-01T00:30:00-06:30", "2020-01-01T07:00:00Z", "2020-01-01T07:00:01Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"),
    ],
)
def test_a_date_is_as_wide_as_its_precision(text: str, low: str, high: str) -> None:
    assert (microseconds(low), microseconds(high)) == date_interval(text, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "2020-1",
        "2020-13",
        "2020-00",
        "2019-02-29",
        "2020-01-31T10Z",
        "2020-01-31T24:00Z",
        "2020-01-31T10:60Z",
        "2020-01-31T10:15:61Z",
        "2020-01-31T10:15:30+15:00",
        "2020-01-31T10:15:30 01:00",
        "2020-01-31 10:15",
        "0000",
        "2020\n",
        "٢٠٢٠",
        "today",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert date_interval(text, UTC) is None


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59Z", "9999-12-31T23:59:59-01:00"])
def test_time_ends_with_the_year_9999(text: str) -> None:
    interval = date_interval(text, UTC)
    assert interval is not None
    assert END_OF_TIME == interval[1]


def test_an_offset_does_not_lead_out_of_time() -> None:
    assert (BEGINNING_OF_TIME, BEGINNING_OF_TIME) == date_interval("0001-01-01T00:00:00+01:00", UTC)


def test_a_day_is_the_day_of_the_zone_and_summer_time_counts() -> None:
    london = ZoneInfo("Europe/London")
    assert (microseconds("2020-06-30T23:00:00Z"), microseconds("2020-07-01T23:00:00Z")) == date_interval(
        "2020-07-01", london
    )
    assert (microseconds("2020-03-29T00:00:00Z"), microseconds("2020-03-29T23:00:00Z")) == date_interval(
        "2020-03-29", london
    )


def test_a_time_without_zone_is_in_the_zone_given() -> None:
    east = timezone(timedelta(hours=2))
    assert date_interval("2020-01-31T10:15:30+02:00", UTC) == date_interval("2020-01-31T10:15:30", east)


WRITTEN = st.from_regex(
    r"(000[01]|19[67]\d|202[0-9]|9999)-[01]\d-[0-3]\d(T[0-2]\d:[0-6]\d:[0-6]\d(Z|[+-][01]\d:[0-6]\d))?", fullmatch=True
)


@given(WRITTEN, st.sampled_from([UTC, ZoneInfo("Europe/London"), ZoneInfo("Pacific/Kiritimati")]))
def test_what_is_read_at_once_is_what_is_read_part_by_part(text: str, zone: tzinfo) -> None:
    at_once = date_interval.__wrapped__(text, zone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dates, "_USUAL", re.compile(r"(?!)"))
        assert at_once == date_interval.__wrapped__(text, zone)


def test_a_day_and_a_second_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_WRITTEN", None)
    for text in ("1931-07-08", "1931-07-08T10:15:30Z", "1931-07-08T10:15:30+01:00"):
        assert date_interval(text, UTC) is not None
