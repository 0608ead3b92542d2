from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from careloom.definitions import Definitions
from careloom.model.resource import Resource
from careloom.rest.relinking import _Walk, conditional_references, relink

ONE = "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a01"
LINKS = {ONE: "Patient/1", "http://other.example/fhir/Patient/7": "Patient/2", "Patient?identifier=a": "Patient/3"}


def _relinked(definitions: Definitions, resource: Resource, full_url: str = "") -> Resource:
    return relink(resource, LINKS, full_url, definitions.types)


def test_references_lead_to_their_new_targets_at_any_depth(definitions: Definitions) -> None:
    composition: Resource = {
        "resourceType": "Composition",
        "subject": {"reference": ONE, "display": ONE},
        "section": [{"entry": [{"reference": "Patient?identifier=a"}, {"reference": "#inside"}]}],
        "contained": [{"resourceType": "Condition", "id": "inside", "subject": {"reference": ONE}}],
    }
    found = _relinked(definitions, composition)
    assert found["subject"] == {"reference": "Patient/1", "display": ONE}
    assert found["section"][0]["entry"] == [{"reference": "Patient/3"}, {"reference": "#inside"}]
    assert found["contained"][0]["subject"] == {"reference": "Patient/1"}


def test_uris_are_relinked_and_texts_that_look_alike_are_not(definitions: Definitions) -> None:
    document: Resource = {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": ONE}],
        "description": ONE,
        "content": [{"attachment": {"url": ONE, "title": ONE}}],
        "extension": [{"url": "https://e.example", "valueUri": ONE}, {"url": "https://e.example", "valueString": ONE}],
    }
    found = _relinked(definitions, document)
    assert found["content"] == [{"attachment": {"url": "Patient/1", "title": ONE}}]
    assert (found["identifier"], found["description"]) == (document["identifier"], ONE)
    assert [found["extension"][0]["valueUri"], found["extension"][1]["valueString"]] == ["Patient/1", ONE]


def test_lists_of_uris_are_relinked(definitions: Definitions) -> None:
    profile: Resource = {"resourceType": "PlanDefinition", "library": [ONE], "instantiatesUri": [ONE]}
    request: Resource = {"resourceType": "ServiceRequest", "instantiatesUri": [ONE, "https://kept.example"]}
    assert _relinked(definitions, request)["instantiatesUri"] == ["Patient/1", "https://kept.example"]
    assert _relinked(definitions, profile)["library"] == [ONE]


def test_links_of_a_narrative_are_relinked(definitions: Definitions) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{ONE}#top">{ONE}</a><img src=\'{ONE}\'/></div>'
    found = _relinked(definitions, {"resourceType": "Patient", "text": {"status": "generated", "div": div}})
    assert found["text"]["div"].count(ONE) == 1
    assert '<a href="Patient/1#top">' in found["text"]["div"] and "src='Patient/1'" in found["text"]["div"]


def test_relative_reference_is_read_against_the_base_of_its_entry(definitions: Definitions) -> None:
    observation: Resource = {"resourceType": "Observation", "subject": {"reference": "Patient/7"}}
    elsewhere = _relinked(definitions, observation, "http://other.example/fhir/Observation/1")
    here = _relinked(definitions, observation, ONE)
    assert (elsewhere["subject"]["reference"], here["subject"]["reference"]) == ("Patient/2", "Patient/7")


def test_references_by_search_are_found_and_others_passed_over() -> None:
    references = ["Patient/1", ONE, "Patient?identifier=a", "#x", "http://o.example/Patient?identifier=a"]
    resource: Resource = {"resourceType": "List", "entry": [{"item": {"reference": text}} for text in references]}
    assert list(conditional_references(resource)) == [("Patient", "Patient?identifier=a")]


_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just(ONE)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["reference", "subject", "div", "url", "item", "_birthDate"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@given(_values)
def test_without_links_nothing_changes_whatever_the_shape(definitions: Definitions, value: Any) -> None:
    resource: Resource = {"resourceType": "Patient", "extension": value}
    assert relink(resource, {}, "", definitions.types) == resource


@given(_values)
def test_what_is_linked_without_types_is_what_types_would_have_linked(definitions: Definitions, value: Any) -> None:
    resource: Resource = {"resourceType": "Patient", "extension": [{"url": "u", "valueReference": value}]}
    by_types: dict[str, str] = {}
    by_names: dict[str, str] = {}
    walked = _Walk(LINKS, "", by_types, definitions.types).resource(resource)
    assert relink(resource, LINKS, "", definitions.types, by_names) == walked
    assert by_names == by_types


def test_only_links_that_go_into_a_resource_are_told(definitions: Definitions) -> None:
    used: dict[str, str] = {}
    subject, note = {"reference": ONE}, {"reference": "urn:uuid:unknown"}
    observation: Resource = {"resourceType": "Observation", "subject": subject, "focus": [note, subject]}
    relink(observation, LINKS, "", definitions.types, used)
    assert used == {ONE: "Patient/1"}


def test_what_holds_no_link_is_left_and_shared(definitions: Definitions) -> None:
    observation: Resource = {"resourceType": "Observation", "code": {"text": "K"}, "subject": {"reference": ONE}}
    found = _relinked(definitions, observation)
    assert found["subject"] == {"reference": "Patient/1"} and found["code"] is observation["code"]
    assert observation["subject"] == {"reference": ONE}
