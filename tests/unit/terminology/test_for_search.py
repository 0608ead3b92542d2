"""What a search asks: whole sets of codes, or an error that says why not."""

import pytest
from tests.unit.terminology.building import CS, SNOMED, VS, filtered, listed, terminology, value_set

from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.terminology.for_search import TerminologyForSearch


def test_the_codes_of_a_value_set_come_with_their_systems() -> None:
    codes = TerminologyForSearch(terminology(value_set(filtered("concept", "is-a", "dog"))))
    assert frozenset({(CS, "dog"), (CS, "puppy")}) == codes.value_set_codes(VS)
    assert codes.value_set_codes(VS) is codes.value_set_codes(VS)


def test_a_value_set_may_have_another_name() -> None:
    codes = TerminologyForSearch(terminology(value_set(listed("dog"))), names={"ValueSet/v": VS})
    assert frozenset({(CS, "dog")}) == codes.value_set_codes("ValueSet/v")


def test_a_value_set_that_is_not_there_is_none() -> None:
    assert TerminologyForSearch(terminology()).value_set_codes("http://example.org/nowhere") is None


def test_a_value_set_that_cannot_be_listed_is_an_error() -> None:
    codes = TerminologyForSearch(terminology(value_set({"system": SNOMED})))
    with pytest.raises(NotSupportedError, match="cannot be listed"):
        codes.value_set_codes(VS)


def test_below_and_above_go_to_the_end_and_count_the_code_itself() -> None:
    codes = TerminologyForSearch(terminology())
    assert {"animal", "dog", "puppy", "cat", "dodo"} == codes.subsumed(CS, "animal")
    assert {"puppy", "dog", "animal"} == codes.subsuming(CS, "puppy")


def test_a_code_that_the_system_does_not_have_stands_for_itself() -> None:
    assert {"unicorn"} == TerminologyForSearch(terminology()).subsumed(CS, "unicorn")


def test_a_hierarchy_that_is_not_here_is_an_error_that_says_how_to_supply_it() -> None:
    codes = TerminologyForSearch(terminology())
    for ask in (codes.subsumed, codes.subsuming):
        with pytest.raises(NotSupportedError, match="careloom terminology load"):
            ask(SNOMED, "73211009")


def test_a_system_that_is_only_declared_has_no_hierarchy() -> None:
    declared = {"resourceType": "CodeSystem", "url": SNOMED, "content": "not-present"}
    with pytest.raises(NotSupportedError):
        TerminologyForSearch(terminology(declared)).subsumed(SNOMED, "73211009")


def test_more_codes_than_a_condition_may_have_are_refused() -> None:
    codes = TerminologyForSearch(terminology(value_set({"system": CS})), max_codes=4)
    with pytest.raises(TooCostlyError, match="more than 4 codes"):
        codes.value_set_codes(VS)
    with pytest.raises(TooCostlyError, match="more than 4 codes"):
        codes.subsumed(CS, "animal")
