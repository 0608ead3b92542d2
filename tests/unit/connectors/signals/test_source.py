"""What is on record of a signal."""

from decimal import Decimal
from typing import Any

from tests.unit.notify.signals.test_signals import BESIDES, FILTERING, read

from careloom.connectors.signals.source import EXTENSION, basic


def extensions(**changes: Any) -> dict[str, Any]:
    """The extensions of what is on record, by the ends of their names."""
    found: dict[str, Any] = {}
    for each in basic(read(**changes))["extension"]:
        name = each["url"].removeprefix(f"{EXTENSION}-")
        [value] = (value for key, value in each.items() if key != "url")
        found.setdefault(name, []).append(value)
    return found


def test_it_says_when_where_to_read_and_which_version() -> None:
    assert {
        "dataref": ["https://hub.example/fhir/Patient/p"],
        "time": ["2026-11-22T10:15:00Z"],
        "version": ['W/"2"'],
    } == extensions(versionid='W/"2"')


def test_it_says_no_more_than_the_signal() -> None:
    assert {"time": ["2026-11-22T10:15:00Z"]} == extensions(dataref=...)


def test_it_says_by_what_may_be_filtered() -> None:
    told = {each[0]["valueString"]: each[1:] for each in extensions(filtering=FILTERING)["filtering"]}
    assert {
        "flags": [{"url": "value", "valueString": "NRAF"}, {"url": "value", "valueDecimal": 7}],
        "generalpractitioner": [{"url": "value", "valueString": "Y12345"}],
        "score": [{"url": "value", "valueDecimal": Decimal("1.50")}],
        "subjectage": [{"url": "value", "valueDecimal": 45}],
    } == told


def test_it_says_what_the_sender_says_besides() -> None:
    told = {each[0]["valueString"]: each[1] for each in extensions(**BESIDES)["attribute"]}
    assert {
        "sampledrate": {"url": "value", "valueInteger": 3},
        "sequence": {"url": "value", "valueString": "0007"},
        "subscription": {"url": "value", "valueString": "https://hub.example/fhir/Subscription/1"},
        "test": {"url": "value", "valueBoolean": True},
    } == told
