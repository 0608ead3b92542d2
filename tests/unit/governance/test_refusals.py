"""Refusals of strangers: the first of a network stand by themselves, the rest are counted, and none is lost."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.governance.craft import BASE, NOW, agreement, registry

from careloom.governance import AuditSource, Folded, Folding, Refusals, folded_event
from careloom.governance.audit.refusals import OTHERS, network_of

FEW = Folding(refusals=2, seconds=60, networks=3)
LATER = NOW + timedelta(seconds=60)


class Gate:
    """Refusals that come to one place."""

    def __init__(self, folding: Folding = FEW) -> None:
        self.refusals = Refusals()
        self.folding = folding
        self._numbers = count(1)

    def refuse(self, address: str = "192.0.2.7", status: int = 401, at: datetime = NOW) -> str:
        return self.refusals.fold(address, status, at, lambda: f"folded-{next(self._numbers)}", self.folding)

    def due(self, at: datetime = LATER) -> list[Folded]:
        return list(self.refusals.due(at, self.folding))


def test_the_first_refusals_of_a_network_are_recorded_by_themselves_and_the_rest_by_one_record() -> None:
    gate = Gate()
    assert [gate.refuse() for _ in range(5)] == ["", "", "folded-1", "folded-1", "folded-1"]


def test_a_window_tells_how_many_there_were_from_when_to_when() -> None:
    gate = Gate()
    for second in range(6):
        gate.refuse(at=NOW + timedelta(seconds=second), status=401 if second < 4 else 400)
    first, last = NOW + timedelta(seconds=2), NOW + timedelta(seconds=5)
    assert gate.due() == [Folded("folded-1", "192.0.2.7", first, last, ((400, 2), (401, 2)))]


def test_nothing_is_due_before_the_window_has_ended() -> None:
    gate = Gate()
    for _ in range(3):
        gate.refuse()
    assert gate.due(LATER - timedelta(seconds=1)) == []
    assert [each.number for each in gate.refusals.rest()] == [1]


def test_what_is_due_stays_due_until_it_is_written() -> None:
    gate = Gate()
    for _ in range(3):
        gate.refuse()
    assert gate.due() == gate.due() != []
    gate.refusals.written()
    assert gate.due() == []


def test_what_is_owed_and_what_is_still_counted_are_both_told_at_the_end() -> None:
    gate = Gate()
    for _ in range(3):
        gate.refuse()
    gate.due()
    for _ in range(4):
        gate.refuse(at=LATER)
    assert [each.number for each in gate.refusals.rest()] == [1, 2]


def test_the_next_window_begins_with_the_next_refusal() -> None:
    gate = Gate()
    for _ in range(3):
        gate.refuse()
    gate.due()
    gate.refusals.written()
    assert gate.refuse(at=LATER) == ""


def test_a_quiet_network_leaves_no_record_of_its_window() -> None:
    gate = Gate()
    gate.refuse()
    assert gate.due() == []


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", OTHERS),
        ("x" * 10_000, OTHERS),
    ],
)
def test_an_address_is_counted_by_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_networks_beyond_those_that_are_counted_are_counted_together() -> None:
    gate = Gate()
    singles = sum(not gate.refuse(f"10.0.0.{number}") for number in range(200))
    assert singles == 3 + 2
    assert [(each.network, each.number) for each in gate.due()] == [(OTHERS, 195)]


moves = st.lists(
    st.one_of(
        st.tuples(st.just("refuse"), st.integers(0, 12)),
        st.tuples(st.just("wait"), st.integers(0, 90)),
        st.tuples(st.just("write"), st.booleans()),
    ),
    max_size=60,
)


@given(moves=moves)
def test_each_refusal_is_in_exactly_one_record_whatever_comes_when(moves: list[tuple[str, Any]]) -> None:
    gate, now, refused, recorded = Gate(), NOW, 0, 0
    for move, value in moves:
        if move == "refuse":
            refused += 1
            recorded += not gate.refuse(f"2001:db8:{value:x}::1", at=now)
        elif move == "wait":
            now += timedelta(seconds=value)
        else:
            due = gate.due(now)
            if value:  # else it could not be written
                recorded += sum(each.number for each in due)
                gate.refusals.written()
        assert len(gate.refusals._windows) <= FEW.networks + 1
    assert recorded + sum(each.number for each in gate.refusals.rest()) == refused


def folded(network: str = "192.0.2.7") -> dict[str, Any]:
    told = Folded("audit-1", network, NOW, LATER, ((400, 2), (401, 30)))
    return folded_event(told, source=AuditSource(BASE, "north"), registry=registry(agreement()), recorded=LATER)


def test_the_record_says_how_many_from_when_to_when_and_from_where() -> None:
    event = folded()
    assert (event["type"]["code"], event["subtype"][0]["code"]) == ("110113", "110126")
    assert event["period"] == {"start": "2026-11-22T11:00:00.000000Z", "end": "2026-11-22T11:01:00.000000Z"}
    assert event["agent"][0]["network"] == {"address": "192.0.2.7", "type": "2"}
    assert event["agent"][0]["who"] == {"display": "unknown"}
    details = {each["type"]: each["valueString"] for each in event["entity"][0]["detail"]}
    assert details == {"refusals": "32", "status 400": "2", "status 401": "30"}
    assert event["outcomeDesc"] == "32 more refusals of 192.0.2.7, recorded together: 2 with 400, 30 with 401"


def test_the_record_of_several_networks_names_none() -> None:
    event = folded(OTHERS)
    assert "network" not in event["agent"][0]
    assert event["outcome"] == "8"
