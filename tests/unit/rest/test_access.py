from dataclasses import replace

import pytest
from tests.unit.rest.desk import GRANT, NOW, Desk, registry

from careloom.governance import Decision, parse_scopes
from careloom.model.errors import ForbiddenError, LoginError
from careloom.rest.access import authenticate, permitted, require_search, together
from careloom.rest.errors import InsufficientScopeError, TokenMissingError
from careloom.rest.messages import FhirRequest


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "token"])
def test_what_is_no_bearer_token_is_told_apart_from_a_bad_one(desk: Desk, header: str) -> None:
    with pytest.raises(TokenMissingError):
        authenticate(header, desk.hub)


def test_bad_token_is_not_taken_for_a_missing_one(desk: Desk) -> None:
    with pytest.raises(LoginError) as refused:
        authenticate("bearer nonsense", desk.hub)
    assert not isinstance(refused.value, TokenMissingError)


def test_missing_scope_is_told_apart_from_a_missing_agreement(desk: Desk) -> None:
    poor = FhirRequest("search-type", "GET", "Patient", grant=replace(GRANT, scopes=parse_scopes("system/Patient.r")))
    rich = FhirRequest("search-type", "GET", "Patient", grant=GRANT)
    ended = desk.with_hub(registry=registry(end=NOW)).hub
    with pytest.raises(InsufficientScopeError):
        require_search("Patient", poor, desk.hub)
    with pytest.raises(ForbiddenError, match="ended") as refused:
        require_search("Patient", rich, ended)
    assert not isinstance(refused.value, InsufficientScopeError)
    assert require_search("Patient", rich, desk.hub).agreement == "all"


def test_decision_that_denies_is_refused_with_its_reason() -> None:
    with pytest.raises(ForbiddenError, match="because"):
        permitted(Decision(False, "purpose", "because"))


def test_several_decisions_tell_each_reason_once() -> None:
    one, two = Decision(True, "permitted", "a", "x"), Decision(True, "permitted", "b", "x")
    other = Decision(True, "permitted", "c", "y")
    assert together([]) is None
    assert together([one, two, one]) == Decision(True, "permitted", "a; b", "x")
    assert together([one, other]) == Decision(True, "permitted", "a; c", None)
