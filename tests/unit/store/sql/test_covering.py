from careloom.search import SearchParameters
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
