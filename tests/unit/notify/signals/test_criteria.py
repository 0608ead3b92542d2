"""The grammar of MNS for what is asked for."""

import pytest

from careloom.model.errors import InvalidError
from careloom.notify.signals.criteria import Criteria, read_criteria


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("eventType=pds-change-of-gp-2", Criteria("pds-change-of-gp-2")),
        ("eventType='pds-change-of-gp-2'", Criteria("pds-change-of-gp-2")),
        ("eventType=flag AND patient=Patient/1", Criteria("flag", (("patient", "Patient/1"),))),
        (
            "eventType='flag' AND code='a AND b=c' AND code=s|1,s|2",
            Criteria("flag", (("code", "a AND b=c"), ("code", "s|1,s|2"))),
        ),
    ],
)
def test_what_is_asked_for_is_read(text: str, meant: Criteria) -> None:
    assert meant == read_criteria(text)


@pytest.mark.parametrize("text", ["", "https://t.example/x", "Encounter?status=finished", "patient=1 AND eventType=x"])
def test_what_begins_otherwise_is_of_another_grammar(text: str) -> None:
    assert read_criteria(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("eventType", "NAME=VALUE or NAME='VALUE' expected, found 'eventType'"),
        ("eventType=", "NAME=VALUE or NAME='VALUE' expected"),
        ("eventType=''", "NAME=VALUE or NAME='VALUE' expected"),
        ("eventType = flag", "NAME=VALUE or NAME='VALUE' expected"),
        ("eventType='flag", "NAME=VALUE or NAME='VALUE' expected"),
        ("eventType=flag'", "' AND ' or the end expected, found \"'\""),
        ("eventType='flag's", "' AND ' or the end expected, found 's'"),
        ("eventType=flag patient=1", "' AND ' or the end expected, found ' patient=1'"),
        ("eventType=flag OR patient=1", "' AND ' or the end expected, found ' OR patient=1'"),
        ("eventType=flag and patient=1", "' AND ' or the end expected"),
        ("eventType=flag AND ", "NAME=VALUE or NAME='VALUE' expected, found ''"),
        ("eventType=flag AND patient", "NAME=VALUE or NAME='VALUE' expected, found 'patient'"),
        ("eventType=flag AND patient:not=1", "NAME=VALUE or NAME='VALUE' expected"),
        ("eventType=flag AND eventType=other", "eventType once and first expected"),
        ("eventTypes=flag", "eventType once and first expected"),
        (f"eventType={'x' * 10_000}'", "' AND ' or the end expected"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_not_written_so_is_refused_with_what_was_found(text: str, told: str) -> None:
    with pytest.raises(InvalidError) as error:
        read_criteria(text)
    assert told in str(error.value)
    assert len(str(error.value)) < 300
