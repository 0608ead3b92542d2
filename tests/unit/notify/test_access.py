"""Who may be told is asked of the agreements in force at that moment."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.notify.lanes import START, Time, a_subscription

from careloom.governance import Agreement, Client, Organisation, Registry, parse_scopes
from careloom.notify import policy

AGREEMENT = Agreement(
    id="told",
    title="The surgery is told of discharges",
    parties=("gp",),
    interactions=frozenset({"read"}),
    types=frozenset({"*"}),
    purposes=frozenset({"TREAT"}),
    start=START - timedelta(days=1),
    end=START + timedelta(hours=1),
)
REGISTRY = Registry(
    organisations=(Organisation("gp", "High Street Surgery"),),
    clients=(Client("gp-system", "gp", scopes=parse_scopes("system/*.crs")),),
    agreements=(AGREEMENT,),
)


def test_an_agreement_that_is_withdrawn_counts_at_once() -> None:
    registries = [REGISTRY]
    may_tell = policy(lambda: registries[0], Time())
    assert may_tell(a_subscription(), "Encounter/1")
    registries[0] = replace(REGISTRY, agreements=())
    assert not may_tell(a_subscription(), "Encounter/1")


def test_an_agreement_that_ends_is_none_from_its_end_on() -> None:
    time = Time()
    may_tell = policy(lambda: REGISTRY, time)
    time.now = AGREEMENT.end - timedelta(seconds=1)
    assert may_tell(a_subscription(), "Encounter/1")
    time.now = AGREEMENT.end
    assert not may_tell(a_subscription(), "Encounter/1")


def test_what_one_client_may_know_says_nothing_of_another_or_of_another_purpose() -> None:
    may_tell = policy(lambda: REGISTRY, Time())
    assert may_tell(a_subscription(), "Encounter/1")
    assert not may_tell(a_subscription(owner="stranger"), "Encounter/1")
    assert not may_tell(a_subscription(purpose="HRESCH"), "Encounter/1")
