import pytest

from careloom.model.errors import TooCostlyError
from careloom.search import Query, SearchParameters
from careloom.search.query import Include
from careloom.store import including
from careloom.store.ids import recorded_at
from careloom.store.including import included_versions
from careloom.store.port import Version


def version(reference: str, **elements: object) -> Version:
    type, id = reference.split("/")
    resource = {"resourceType": type, "id": id, **elements}
    return Version(type, id, "1", recorded_at(1), "create", resource, 1)


RECORD = {each.reference: each for each in (version("Patient/1"), version("Patient/2"))}


def includes(
    query: Query, *matches: Version, registry: SearchParameters, found: list[Version] | None = None
) -> list[str]:
    versions = included_versions(
        query, matches, registry, lambda type, id: RECORD.get(f"{type}/{id}"), lambda query: found or []
    )
    return [each.reference for each in versions]


def test_nothing_is_added_unless_asked_for(registry: SearchParameters) -> None:
    match = version("Observation/a", subject={"reference": "Patient/1"})
    assert includes(Query("Observation"), match, registry=registry) == []


def test_what_several_matches_refer_to_is_added_once(registry: SearchParameters) -> None:
    query = Query("Observation", includes=(Include("Observation", "subject"),))
    matches = [version(f"Observation/{id}", subject={"reference": "Patient/1"}) for id in "abc"]
    assert includes(query, *matches, registry=registry) == ["Patient/1"]


def test_what_is_missing_is_passed_over(registry: SearchParameters) -> None:
    query = Query("Observation", includes=(Include("Observation", "subject"),))
    match = version("Observation/a", subject={"reference": "Patient/9"})
    assert includes(query, match, registry=registry) == []


def test_a_match_is_not_added_again(registry: SearchParameters) -> None:
    query = Query("Patient", includes=(Include("Patient", "link"),), revincludes=(Include("Patient", "link"),))
    matches = [version("Patient/1", link=[{"other": {"reference": "Patient/2"}}]), version("Patient/2")]
    assert includes(query, *matches, registry=registry, found=[matches[0]]) == []


def test_more_than_the_ceiling_is_refused(registry: SearchParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(including, "MOST_INCLUDED", 3)
    query = Query("Patient", revincludes=(Include("Observation", "subject"),))
    found = [version(f"Observation/{number}") for number in range(4)]
    with pytest.raises(TooCostlyError, match="at most 3"):
        includes(query, version("Patient/1"), registry=registry, found=found)
