"""What counts as the same record: every digit, whatever the order of the keys."""

from typing import Any

import pytest

from careloom.model import parse_resource
from careloom.model.instants import utc_now
from careloom.rest.unchanged import is_unchanged
from careloom.store import Version

STORED = b"""{"resourceType": "Observation", "id": "o", "meta": {"versionId": "3", "lastUpdated":
"2026-11-23T10:00:00Z", "profile": ["https://example.org/p"]}, "status": "final",
"valueQuantity": {"value": 1.50, "unit": "kg"}, "category": [{"text": "a"}, {"text": "b"}]}"""

SAME = b"""{"resourceType": "Observation", "id": "o", "meta": {"profile": ["https://example.org/p"]},
"category": [{"text": "a"}, {"text": "b"}], "valueQuantity": {"unit": "kg", "value": 1.50}, "status": "final"}"""


def unchanged(sent: bytes) -> bool:
    stored = Version("Observation", "o", "3", utc_now(), "update", parse_resource(STORED), 3)
    return is_unchanged(parse_resource(sent), stored)


def test_neither_the_order_of_keys_nor_what_the_store_adds_makes_a_difference() -> None:
    assert unchanged(STORED)
    assert unchanged(SAME)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1.50", b"1.5"),
        (b"1.50", b"150e-2"),
        (b'"kg"', b'"g"'),
        (b'{"text": "a"}, {"text": "b"}', b'{"text": "b"}, {"text": "a"}'),
        (b'{"text": "a"}, {"text": "b"}', b'{"text": "a"}'),
        (b'"status": "final"', b'"status": "final", "issued": "2026-11-23T10:00:00Z"'),
        (b"https://example.org/p", b"https://example.org/q"),
    ],
    ids=["digits", "exponent", "text", "order of a list", "length of a list", "one more element", "profile"],
)
def test_anything_else_does(old: bytes, new: bytes) -> None:
    assert old in SAME
    assert not unchanged(SAME.replace(old, new))


def test_what_is_not_there_yet_changes() -> None:
    resource: dict[str, Any] = {"resourceType": "Patient"}
    assert not is_unchanged(resource, None)
