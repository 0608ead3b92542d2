from datetime import date

import pytest

from careloom.model.issues import Issue
from careloom.validation.batch.ignoring import IgnoreEntry, cover

ISSUE = Issue("error", "invariant", "x", "Patient.name[0].given[1]", "binding", "https://p.test/p|1.0")


def entry(rule: str = "", expression: str = "", profile: str = "") -> IgnoreEntry:
    return IgnoreEntry(1, rule, expression, profile, "why", date(2026, 12, 1))


@pytest.mark.parametrize(
    ("patterns", "is_covered"),
    [
        ({"rule": "binding"}, True),
        ({"rule": "bind"}, False),
        ({"rule": "*"}, True),
        ({"expression": "Patient.name.given"}, True),
        ({"expression": "Patient.name[0].given[1]"}, True),
        ({"expression": "Patient.name[1].given"}, False),
        ({"expression": "Patient.*"}, True),
        ({"profile": "https://p.test/*"}, True),
        ({"profile": "https://p.test/p"}, False),
        ({"rule": "binding", "expression": "Observation*"}, False),
    ],
)
def test_all_patterns_of_an_entry_must_match(patterns: dict[str, str], is_covered: bool) -> None:
    assert entry(**patterns).covers(ISSUE) is is_covered


def test_the_first_entry_that_covers_counts() -> None:
    entries = (entry("display"), entry("bind*"), entry("binding"))
    assert cover(entries, ISSUE) is entries[1]


def test_an_entry_counts_until_the_day_of_expiry() -> None:
    assert not entry("x").is_expired(date(2026, 11, 30))
    assert entry("x").is_expired(date(2026, 12, 1))
