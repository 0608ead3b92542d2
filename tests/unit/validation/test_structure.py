"""Structure by type: properties, lists, cardinality, choices, siblings."""

from typing import Any

import pytest
from tests.unit.validation.builders import errors, judge, observation, patient

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.validation import Validator

EXTENSION = [{"url": "http://example.org/x", "valueString": "y"}]


@pytest.mark.parametrize(
    "resource",
    [
        patient(),
        patient(birthDate="1970", _birthDate={"extension": EXTENSION}),
        patient(_birthDate={"extension": EXTENSION}),
        patient(name=[{"given": ["Ada", None], "_given": [None, {"extension": EXTENSION}]}]),
        patient(multipleBirthInteger=2),
        patient(
            contained=[{"resourceType": "Organization", "id": "o", "name": "x"}],
            managingOrganization={"reference": "#o"},
        ),
        {"resourceType": "Observation", "_status": {"extension": EXTENSION}, "code": {"text": "x"}},
    ],
)
def test_what_is_legal_however_odd_has_no_error(definitions: Definitions, resource: Resource) -> None:
    assert errors(judge(definitions, resource)) == []


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (patient(unknown=1), "Patient.unknown: no such property in Patient"),
        (patient(name=[{"middle": "x"}]), "Patient.name[0].middle: no such property in HumanName"),
        (patient(_name=[{"id": "x"}]), "Patient._name: no such property in Patient"),
        (patient(name={"family": "x"}), "Patient.name: an array expected, an object found"),
        (patient(birthDate=["1970"]), "Patient.birthDate: one value expected, an array found"),
        (patient(name=[]), "Patient.name: an array that is not empty expected"),
        (patient(maritalStatus={}), "Patient.maritalStatus: an object that is not empty expected"),
        (patient(maritalStatus="M"), "Patient.maritalStatus: an object expected, a text found"),
        (patient(active="true"), "Patient.active: true or false expected, 'true' found"),
        (patient(birthDate=None), "Patient.birthDate: a value expected, null found"),
        (patient(name=[{"given": [None]}]), "Patient.name[0].given: a value in the array expected, null alone found"),
        (
            patient(multipleBirthInteger=2, multipleBirthBoolean=True),
            "Patient.multipleBirth: one of multipleBirthBoolean, multipleBirthInteger expected, all found",
        ),
        ({"resourceType": "Observation", "status": "final"}, "Observation.code: at least 1 expected, 0 found"),
        (patient(link=[{"type": "seealso"}]), "Patient.link[0].other: at least 1 expected, 0 found"),
        (patient(contained=["x"]), "Patient.contained[0]: a resource expected, something else found"),
        ({"resourceType": "Nothing"}, "Nothing: resourceType: a resource type expected, 'Nothing' found"),
        (
            {"resourceType": "DomainResource"},
            "DomainResource: resourceType: a resource type expected, 'DomainResource' found",
        ),
        ({"name": "x"}, "Resource: resourceType: the name of a resource type expected, none found"),
        (
            patient(id="a", _id={"extension": EXTENSION}),
            "Patient.id: a value alone expected, which has neither id nor extensions; _id found",
        ),
    ],
)
def test_a_fault_of_structure_is_told_where_it_is(definitions: Definitions, resource: Resource, expected: str) -> None:
    assert errors(judge(definitions, resource)) == [expected]


def test_an_id_is_given_to_one_element_only(definitions: Definitions) -> None:
    found = errors(judge(definitions, patient(name=[{"id": "n", "family": "x"}, {"id": "n", "family": "y"}])))
    assert found == ["Patient.name[1]: an id of its own expected, 'n' found a second time"]


@pytest.mark.parametrize("value", [None, [], {}, 1, "x", True, [{}], [[]], {"a": []}])
@pytest.mark.parametrize("key", ["resourceType", "id", "meta", "name", "contained", "extension", "_birthDate", "text"])
def test_no_value_anywhere_makes_it_raise(definitions: Definitions, key: str, value: Any) -> None:
    judge(definitions, patient(**{key: value}) if key != "resourceType" else {key: value})


def test_what_is_nested_too_deeply_is_one_fatal_issue(definitions: Definitions) -> None:
    extension: dict[str, Any] = {"url": "http://example.org/x", "valueString": "x"}
    for _ in range(600):
        extension = {"url": "http://example.org/x", "extension": [extension]}
    issues = judge(definitions, patient(extension=[extension]))
    assert [(issue.severity, issue.code) for issue in issues] == [("fatal", "too-costly")]


def test_issues_name_rule_and_place(definitions: Definitions) -> None:
    issue = judge(definitions, observation(unknown=1))[0]
    assert (issue.rule, issue.expression, issue.code) == ("unknown-element", "Observation.unknown", "structure")


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        (patient(birthDate="2020", _birthDate=None), "Patient.birthDate: an object under _birthDate expected"),
        (patient(_birthDate={"id": "a"}), "Patient.birthDate: ele-1"),
        (patient(name=[{"given": ["A"], "_given": {"id": "a"}}]), "Patient.name[0].given: an array expected"),
        (patient(name=[{"given": [None], "_given": [{"id": "a"}]}]), "Patient.name[0].given[0]: ele-1"),
        (patient(extension=[{"_url": {"id": "a"}, "valueString": "x"}]), "Patient.extension[0].url: a value alone"),
        (patient(name=[{"id": "a", "_id": {"id": "b"}, "family": "x"}]), "Patient.name[0].id: a value alone"),
    ],
)
@pytest.mark.parametrize("quick", [True, False])
def test_what_stands_beside_a_primitive_is_an_object_with_something_to_say(
    definitions: Definitions, resource: Resource, what: str, quick: bool
) -> None:
    (message,) = [each for each in errors(Validator(definitions, quick=quick).validate(resource)) if what in each]
    assert message.startswith(what)
