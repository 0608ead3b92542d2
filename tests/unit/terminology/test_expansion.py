"""Expansions: order, pages, filters, what is left out, and what cannot be listed."""

import pytest
from tests.unit.terminology.building import (
    CS,
    OTHER,
    SNOMED,
    VS,
    code_system,
    codes,
    concept,
    filtered,
    listed,
    terminology,
    value_set,
)

from careloom.model import Resource
from careloom.model.errors import NotSupportedError, TooCostlyError
from careloom.terminology import ExpansionRequest


def asked(request: ExpansionRequest, *includes: Resource) -> list[str]:
    made = terminology(value_set(*(includes or ({"system": CS},))))
    return [entry.code for entry in made.expand(VS, request).entries]


def test_a_code_is_listed_once_and_where_it_comes_first() -> None:
    assert ["cat", "dog", "plant"] == asked(ExpansionRequest(), listed("cat", "dog"), listed("dog", "plant"))


def test_withdrawn_codes_are_left_out_where_the_value_set_or_the_caller_says_so() -> None:
    made = value_set({"system": CS})
    made["compose"]["inactive"] = False
    assert "dodo" not in codes(terminology(made))
    assert "dodo" not in asked(ExpansionRequest(active_only=True))
    assert "dodo" in asked(ExpansionRequest())
    assert "out" == terminology(made).validate_code(VS, system=CS, code="dodo").result


def test_abstract_codes_are_left_out_when_a_person_shall_choose() -> None:
    assert "animal" not in asked(ExpansionRequest(selectable_only=True))


@pytest.mark.parametrize(("text", "expected"), [("hun", ["dog"]), ("DO", ["dog", "dodo"]), ("dog cat", []), ("og", [])])
def test_a_text_is_found_at_the_start_of_words_of_any_term(text: str, expected: list[str]) -> None:
    assert expected == asked(ExpansionRequest(text=text))


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [(0, 2, ["animal", "dog"]), (4, 2, ["dodo", "plant"]), (5, None, ["plant"]), (9, 2, []), (0, 0, [])],
)
def test_a_page_is_a_part_and_knows_the_total(offset: int, count: int | None, expected: list[str]) -> None:
    expansion = terminology(value_set({"system": CS})).expand(VS, ExpansionRequest(offset=offset, count=count))
    assert (expected, 6) == ([entry.code for entry in expansion.entries], expansion.total)


def test_more_codes_than_the_ceiling_are_refused_but_a_page_is_not() -> None:
    made = terminology(value_set({"system": CS}), max_codes=3)
    with pytest.raises(TooCostlyError, match="more than 3 codes"):
        made.expand(VS)
    page = made.expand(VS, ExpansionRequest(count=2))
    assert (["animal", "dog"], None) == ([entry.code for entry in page.entries], page.total)
    with pytest.raises(TooCostlyError):
        made.expand(VS, ExpansionRequest(offset=3, count=1))


def test_an_import_alone_lists_what_all_imports_share() -> None:
    other = value_set(listed("dog", "plant"), url=OTHER)
    both = value_set({"valueSet": [OTHER, f"{OTHER}-2"]})
    second = value_set(filtered("concept", "is-a", "animal"), url=f"{OTHER}-2")
    assert ["dog"] == codes(terminology(other, second, both))


def test_an_exclusion_that_cannot_be_judged_refuses_the_list() -> None:
    unsure = value_set(
        listed("1", system=SNOMED),
        exclude=[{"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "1"}]}],
    )
    with pytest.raises(NotSupportedError, match=r"whether .*#1 is in it needs content of http://snomed.info/sct"):
        terminology(unsure).expand(VS)


def test_an_import_that_cannot_be_judged_refuses_the_list() -> None:
    unsure = value_set({**listed("1", system=SNOMED), "valueSet": [OTHER]})
    other = value_set({"system": SNOMED}, url=OTHER)
    with pytest.raises(NotSupportedError):
        terminology(unsure, other).expand(VS)


def test_a_fragment_is_no_whole_system() -> None:
    part = terminology(code_system(concept("dog"), content="fragment"), value_set({"system": CS}))
    assert ["in", "unknown"] == [part.validate_code(VS, system=CS, code=code).result for code in ("dog", "cat")]
    with pytest.raises(NotSupportedError, match="complete content"):
        part.expand(VS)


def test_the_code_systems_that_were_used_are_told_with_their_versions() -> None:
    expansion = terminology(code_system(version="3"), value_set({"system": CS})).expand(VS)
    assert (f"{CS}|3",) == expansion.used
