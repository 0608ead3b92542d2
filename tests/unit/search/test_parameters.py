import pytest

from careloom.definitions import Definitions
from careloom.model.errors import DefinitionError, NotFoundError
from careloom.search import SearchParameters


def test_a_type_has_its_own_parameters_and_those_of_its_bases(registry: SearchParameters) -> None:
    assert {"birthdate", "_id", "_lastUpdated", "_text"} <= set(registry.of("Patient"))
    assert "_text" not in registry.of("Bundle")


def test_an_abstract_or_unknown_type_has_none(registry: SearchParameters) -> None:
    for type in ("Resource", "HumanName", "patient", ""):
        with pytest.raises(NotFoundError):
            registry.of(type)


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


def test_an_expression_that_is_no_fhirpath_is_named_with_its_url(definitions: Definitions) -> None:
    registry = SearchParameters(definitions.with_resources([_parameter("broken", "Patient.name.(")]))
    with pytest.raises(DefinitionError, match=r"https://example\.org/broken"):
        registry.paths("Patient")


def test_a_kind_that_is_none_is_named_with_its_url(definitions: Definitions) -> None:
    registry = SearchParameters(definitions.with_resources([_parameter("odd", "Patient.name", type="text")]))
    with pytest.raises(DefinitionError, match=r"https://example\.org/odd: type: a kind of search parameter expected"):
        registry.of("Patient")


def test_every_expression_of_r4_compiles(registry: SearchParameters, definitions: Definitions) -> None:
    searchable = 0
    for type in definitions.types.resource_types():
        paths = registry.paths(type)
        assert all(paths.values())
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
