import pytest

from careloom.model.errors import UnavailableError
from careloom.search import SearchParameters
from careloom.search.custom import with_recorded
from careloom.store.sql.covering import Cover, Covers


def test_a_union_of_others_is_covered_by_them(registry: SearchParameters) -> None:
    assert Covers(registry).of("Observation")["combo-code"] == Cover(("code", "component-code"))


def test_a_reference_narrowed_to_a_type_is_found_under_the_wider_one(registry: SearchParameters) -> None:
    covers = Covers(registry)
    assert covers.of("Observation")["patient"] == Cover(("subject",), "Patient")
    assert covers.keys("Observation", "patient") == ("patient", "subject")
    assert covers.keys("Observation", "patient:identifier") == ("patient:identifier",)
    assert not covers.are_all_of("Observation", "patient")


def test_two_that_say_the_same_do_not_cover_each_other(registry: SearchParameters) -> None:
    covers = Covers(registry)
    assert covers.of("Patient")["phonetic"] == Cover(("name",))
    assert covers.keys("Patient", "name") == ("name",)


def test_nothing_is_covered_by_what_is_covered_itself(registry: SearchParameters) -> None:
    covers = Covers(registry)
    for type in registry.resource_types():
        found = covers.of(type)
        assert not [code for code, cover in found.items() if not cover.target for each in cover.codes if each in found]


def test_a_side_of_a_covered_parameter_is_a_side_of_those_that_cover_it(registry: SearchParameters) -> None:
    assert Covers(registry).keys("Observation", "combo-code:text") == ("code:text", "component-code:text")


def test_one_of_somebodys_own_covers_none_of_r4_and_may_be_covered(registry: SearchParameters) -> None:
    plain = {"resourceType": "SearchParameter", "status": "active", "base": ["Observation"], "type": "token"}
    own = with_recorded(
        registry,
        [
            {**plain, "url": "https://a.example/1", "code": "a-code", "expression": "Observation.code"},
            {**plain, "url": "https://a.example/2", "code": "a-device", "expression": "Observation.bodySite"},
            {**plain, "url": "https://a.example/3", "code": "b-device", "expression": "Observation.bodySite"},
        ],
    )
    before, covers = Covers(registry), Covers(own)
    assert {code: each for code, each in covers.of("Observation").items() if code != "a-code"} == before.of(
        "Observation"
    )
    assert covers.of("Observation")["a-code"] == Cover(("code",))
    parts = "code-value-quantity"
    assert covers.parts("Observation", parts) == before.parts("Observation", parts) != ()


def test_what_not_all_rows_are_there_of_is_not_looked_for(registry: SearchParameters) -> None:
    covers = Covers(registry)
    covers.withheld = frozenset({("Observation", "code")})
    for code in ("code", "combo-code", "code:text"):
        with pytest.raises(UnavailableError, match="'code' of Observation has just changed; ask again"):
            covers.keys("Observation", code)
    assert covers.keys("Observation", "status") == ("status",)
    assert covers.keys("Condition", "code") == ("code",)
