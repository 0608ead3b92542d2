from careloom.search import IndexValues, SearchParameters, included, parse_query, revinclude_queries
from careloom.search.query import Comparison, Query, ReferenceOperand
from careloom.search.values import ReferenceValue

PATIENT = ReferenceValue("Patient/1", "Patient", "1")
GROUP = ReferenceValue("Group/1", "Group", "1")
ELSEWHERE = ReferenceValue("http://other.example/Patient/1")
VERSION = ReferenceValue("Patient/1/_history/2")
ENCOUNTER = IndexValues(
    type="Encounter", id="e", references={"subject": (PATIENT, VERSION, GROUP, ELSEWHERE), "patient": (PATIENT,)}
)


def query(registry: SearchParameters, *parameters: tuple[str, str]) -> Query:
    return parse_query("Encounter", parameters, registry)


def test_what_is_held_here_is_included_once(registry: SearchParameters) -> None:
    asked = query(registry, ("_include", "Encounter:subject"), ("_include", "Encounter:patient"))
    assert (PATIENT, GROUP) == included(asked, ENCOUNTER)


def test_a_target_type_narrows_an_include(registry: SearchParameters) -> None:
    assert (GROUP,) == included(query(registry, ("_include", "Encounter:subject:Group")), ENCOUNTER)


def test_nothing_is_included_that_was_not_asked_for(registry: SearchParameters) -> None:
    assert () == included(query(registry), ENCOUNTER)
    assert () == included(query(registry, ("_include", "Encounter:location")), ENCOUNTER)


def test_a_reverse_include_is_a_search_for_what_refers_to_the_matches(registry: SearchParameters) -> None:
    asked = query(registry, ("_revinclude", "Observation:encounter"))
    operands = (
        ReferenceOperand("Encounter/1", ("Encounter/1",)),
        ReferenceOperand("Encounter/2", ("Encounter/2",)),
    )
    expected = Query("Observation", conditions=(Comparison("encounter", "reference", operands),))
    assert (expected,) == revinclude_queries(asked, [("Encounter", "1"), ("Encounter", "2")])


def test_without_matches_nothing_refers_to_them(registry: SearchParameters) -> None:
    assert () == revinclude_queries(query(registry, ("_revinclude", "Observation:encounter")), [])
