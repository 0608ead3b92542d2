from datetime import timedelta
from typing import Any

import pytest
from tests.unit.governance.craft import NOW, agreement, registry

from careloom.governance import Client, Organisation, Registry
from careloom.model.errors import InvalidError

GP = Organisation("gp", "Practice")


def test_members_are_found_by_id() -> None:
    known = registry(agreement())
    assert known.client("gp-app") is known.clients[1]
    assert known.organisation("gp") is known.organisations[1]
    assert known.client("stranger") is None


def test_the_agreements_of_an_organisation_are_those_that_give_it_rights() -> None:
    both, acute_only = agreement("both"), agreement("acute-only", grantees=("acute",))
    known = registry(both, acute_only)
    assert known.agreements_of("gp") == (both,)
    assert known.agreements_of("acute") == (both, acute_only)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"parties": ("gp", "nobody")}, "agreements[letters].parties"),
        ({"grantees": ("social-care",)}, "agreements[letters].grantees"),
        ({"end": NOW - timedelta(days=31)}, "agreements[letters].end"),
        ({"interactions": frozenset({"vread"})}, "agreements[letters].interactions"),
        ({"purposes": frozenset({"HPAYMT"})}, "agreements[letters].purposes"),
        ({"purposes": frozenset({"FUN"})}, "agreements[letters].purposes"),
    ],
)
def test_an_agreement_that_cannot_be_meant_is_refused(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidError) as refused:
        registry(agreement(**changes))
    assert [issue.expression for issue in refused.value.issues] == [place]


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"organisations\[gp\].*twice"):
        Registry((GP, GP))


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidError) as refused:
        Registry((GP, GP), (Client("app", "nobody"),))
    assert len(refused.value.issues) == 2


def test_a_client_whose_purpose_is_not_accepted_is_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        Registry(organisations=(GP,), clients=(Client("gp-app", "gp", purpose="HPAYMT"),))
    assert [issue.expression for issue in refused.value.issues] == ["clients[gp-app].purpose"]
    assert "TREAT" in str(refused.value)
