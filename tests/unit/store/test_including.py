import pytest

from careloom.search import Query, SearchParameters, holds_all, index_values
from careloom.search.query import Include
from careloom.store.ids import recorded_at
from careloom.store.including import included_versions
from careloom.store.versions import Version


def version(reference: str, **elements: object) -> Version:
    type, id = reference.split("/")
    resource = {"resourceType": type, "id": id, **elements}
    return Version(type, id, "1", recorded_at(1), "create", resource, 1)


RECORD = [
    version("Patient/1", link=[{"other": {"reference": "Patient/2"}}]),
    version("Patient/2"),
    version("Observation/a", subject={"reference": "Patient/1"}),
]


def includes(query: Query, *matches: Version, registry: SearchParameters) -> list[str]:
    def find(one: Query) -> list[Version]:
        return [each for each in RECORD if holds_all(one, index_values(each.resource or {}, registry))]

    return [each.reference for each in included_versions(query, matches, registry, find)]


def test_nothing_is_added_unless_asked_for(registry: SearchParameters) -> None:
    match = version("Observation/a", subject={"reference": "Patient/1"})
    assert includes(Query("Observation"), match, registry=registry) == []


@pytest.mark.parametrize(("subject", "expected"), [("Patient/1", ["Patient/1"]), ("Patient/9", [])])
def test_what_several_matches_refer_to_is_added_once(
    registry: SearchParameters, subject: str, expected: list[str]
) -> None:
    query = Query("Observation", includes=(Include("Observation", "subject"),))
    matches = [version(f"Observation/{id}", subject={"reference": subject}) for id in "bcd"]
    assert includes(query, *matches, registry=registry) == expected


def test_what_refers_to_matches_is_added(registry: SearchParameters) -> None:
    query = Query("Patient", revincludes=(Include("Observation", "subject"),))
    assert includes(query, RECORD[0], RECORD[1], registry=registry) == ["Observation/a"]


def test_a_match_is_not_added_again(registry: SearchParameters) -> None:
    query = Query("Patient", includes=(Include("Patient", "link"),), revincludes=(Include("Patient", "link"),))
    assert includes(query, RECORD[0], RECORD[1], registry=registry) == []
