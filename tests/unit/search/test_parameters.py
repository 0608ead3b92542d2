from collections.abc import Iterator
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.search import SearchParameters, State, index_values, match, parse_query


def test_a_type_has_its_own_parameters_and_those_of_its_bases(registry: SearchParameters) -> None:
    assert {"birthdate", "_id", "_lastUpdated", "_text"} <= set(registry.of("Patient"))
    assert "_text" not in registry.of("Bundle")


def test_an_abstract_or_unknown_type_has_none(registry: SearchParameters) -> None:
    for type in ("Resource", "HumanName", "patient", ""):
        with pytest.raises(NotFoundError):
            registry.of(type)


class HeldUp:
    """Definitions whose other threads are held up in the middle of the SearchParameters."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.reads, self.goes_on = Event(), Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._definitions, name)

    def all(self, type: str) -> Iterator[Resource]:
        for number, definition in enumerate(self._definitions.all(type)):
            if number == 100 and current_thread() is not main_thread():
                self.reads.set()
                assert self.goes_on.wait(60)
            yield definition


def test_a_registry_that_another_thread_reads_just_now_lacks_nothing(
    definitions: Definitions, registry: SearchParameters
) -> None:
    held: Any = HeldUp(definitions)
    read = SearchParameters(held)
    thread = Thread(target=lambda: read.of("Observation"))
    thread.start()
    assert held.reads.wait(60)
    here = set(read.of("Patient"))
    held.goes_on.set()
    thread.join()
    assert here == set(registry.of("Patient"))
    assert set(read.of("Observation")) == set(registry.of("Observation"))


def test_a_reference_parameter_knows_its_targets(registry: SearchParameters) -> None:
    assert ("Patient",) == registry.of("Encounter")["patient"].targets
    assert ("Group", "Patient") == registry.of("Encounter")["subject"].targets
    assert () == registry.of("Encounter")["status"].targets


def test_an_example_does_not_replace_a_parameter(registry: SearchParameters) -> None:
    assert registry.of("Patient")["_id"].url == "http://hl7.org/fhir/SearchParameter/Resource-id"


def test_a_parameter_of_ones_own_joins_and_may_replace(definitions: Definitions) -> None:
    own = definitions.with_resources(
        [_parameter("nickname", "Patient.name.where(use='nickname')"), _parameter("family", "Patient.name.family")]
    )
    parameters = SearchParameters(own).of("Patient")
    assert "https://example.org/nickname" == parameters["nickname"].url
    assert "https://example.org/family" == parameters["family"].url


def test_an_experimental_parameter_joins_and_replaces_none(definitions: Definitions) -> None:
    trials = [
        _parameter("nickname", "Patient.name") | {"experimental": True},
        _parameter("family", "Patient.name.text") | {"experimental": True},
    ]
    parameters = SearchParameters(definitions.with_resources(trials)).of("Patient")
    assert "https://example.org/nickname" == parameters["nickname"].url
    assert "http://hl7.org/fhir/SearchParameter/individual-family" == parameters["family"].url


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"expression": "Patient.name.("}, "https://example.org/broken: expression 'Patient.name.('"),
        ({"type": "text"}, "https://example.org/broken: type: a kind of search parameter expected, found 'text'"),
        ({"type": "composite"}, "https://example.org/broken: component: at least 1 expected, 0 found"),
        (
            {"type": "composite", "component": [{"definition": "https://example.org/none", "expression": "family"}]},
            "https://example.org/broken: component: a parameter of the same type expected",
        ),
    ],
)
def test_a_broken_definition_is_told_with_its_url_and_stops_nothing_else(
    definitions: Definitions, definition: dict[str, object], said: str
) -> None:
    broken = _parameter("broken", "Patient.name") | definition
    registry = SearchParameters(definitions.with_resources([broken]))
    assert said in registry.fault("Patient", "broken")
    assert "broken" not in registry.paths("Patient")
    (issue,) = parse_query("Patient", [("broken", "a")], registry).unsupported
    assert "has a broken definition" in issue.diagnostics
    assert said in issue.diagnostics
    with pytest.raises(InvalidError, match="has a broken definition"):
        parse_query("Patient", [("broken", "a")], registry, strict=True)


def test_a_parameter_is_found_by_once_its_values_are_there(definitions: Definitions) -> None:
    own = definitions.with_resources([_parameter("nickname", "Patient.name.given")])
    patient = {"resourceType": "Patient", "name": [{"given": ["Bo"]}]}
    waiting = SearchParameters(own, states={"https://example.org/nickname": "indexing"})
    (issue,) = parse_query("Patient", [("nickname", "bo")], waiting).unsupported
    assert "'nickname' is being indexed and cannot be searched by until that is done" in issue.diagnostics
    assert "nickname" in index_values(patient, waiting).strings
    ready = waiting.with_changes(states={})
    assert match(parse_query("Patient", [("nickname", "bo")], ready, strict=True), patient, ready)


@pytest.mark.parametrize("status", ["retired", "active"])
def test_what_is_retired_is_neither_found_by_nor_indexed(definitions: Definitions, status: str) -> None:
    own = definitions.with_resources([_parameter("nickname", "Patient.name.given") | {"status": status}])
    states: dict[str, State] = {"https://example.org/nickname": "retired"} if status == "active" else {}
    registry = SearchParameters(own, states=states)
    (issue,) = parse_query("Patient", [("nickname", "bo")], registry).unsupported
    assert "'nickname' is retired" in issue.diagnostics
    assert "nickname" not in registry.paths("Patient")


def test_another_registry_has_the_definitions_it_is_given(definitions: Definitions, registry: SearchParameters) -> None:
    changed = registry.with_changes(definitions=definitions.with_resources([_parameter("nickname", "Patient.name")]))
    assert "nickname" in changed.of("Patient")
    assert "nickname" not in registry.of("Patient")
    assert changed.base_url == registry.base_url


def test_several_types_share_what_they_read_alike(registry: SearchParameters) -> None:
    everywhere = registry.common()
    assert {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_content"} <= everywhere.keys()
    assert "code" not in everywhere
    two = registry.common(("Observation", "Condition"))
    assert {"code", "subject", "patient", "_text"} <= two.keys()
    assert two["subject"].targets == ("Device", "Group", "Location", "Patient")
    assert "onset-date" not in two


def test_a_composite_knows_its_parts(registry: SearchParameters) -> None:
    parameter = registry.of("Observation")["code-value-quantity"]
    assert [(each.code, each.kind) for each in parameter.components] == [
        ("code", "token"),
        ("value-quantity", "quantity"),
    ]


def test_a_compartment_has_its_parameters_and_its_own_resource(registry: SearchParameters) -> None:
    assert registry.compartments("Observation")["Patient"] == ("subject", "performer")
    assert registry.compartments("Patient")["Patient"] == ("link",)
    assert "Patient" not in registry.compartments("Organization")
    assert registry.is_compartment("Encounter")
    assert not registry.is_compartment("Organization")


def test_every_expression_of_r4_compiles(registry: SearchParameters, definitions: Definitions) -> None:
    searchable = 0
    for type in definitions.types.resource_types():
        paths = registry.paths(type)
        assert all(paths.values())
        assert not [code for code in registry.of(type) if registry.fault(type, code)]
        searchable += len(paths)
    assert searchable > 2000


@pytest.mark.parametrize(
    ("type", "code", "system"),
    [
        ("Patient", "gender", "http://hl7.org/fhir/administrative-gender"),
        ("Encounter", "status", "http://hl7.org/fhir/encounter-status"),
        ("DocumentReference", "contenttype", "urn:ietf:bcp:13"),
        ("Patient", "identifier", None),
    ],
)
def test_the_system_of_a_code_is_that_of_its_bound_value_set(
    registry: SearchParameters, type: str, code: str, system: str | None
) -> None:
    assert [system] == [path.system for path in registry.paths(type)[code]]


def test_only_a_plain_string_takes_tokens_without_case(registry: SearchParameters) -> None:
    assert registry.of("Medication")["lot-number"].folded
    assert not registry.of("Patient")["identifier"].folded
    assert not registry.of("Patient")["_id"].folded


def _parameter(code: str, expression: str, type: str = "string") -> dict[str, object]:
    return {
        "resourceType": "SearchParameter",
        "url": f"https://example.org/{code}",
        "code": code,
        "base": ["Patient"],
        "type": type,
        "expression": expression,
    }


def test_a_parameter_that_is_left_out_of_a_type_stays_with_the_others(definitions: Definitions) -> None:
    registry = SearchParameters(definitions, left_out={"AuditEvent": {"source", "_tag"}})
    assert not {"source", "_tag"} & (registry.of("AuditEvent").keys() | registry.paths("AuditEvent").keys())
    assert "_tag" in registry.of("Patient")
