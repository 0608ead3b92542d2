"""What was sent to an operation, in the three ways that FHIR has."""

from typing import Any

import pytest

from careloom.model.errors import MalformedError
from careloom.model.resource import Resource
from careloom.rest.messages import FhirRequest
from careloom.rest.operation import Parameter
from careloom.rest.parameters import inputs

TAKES = (
    Parameter("url", "uri"),
    Parameter("valueSet", "ValueSet"),
    Parameter("count", "integer"),
    Parameter("activeOnly", "boolean"),
    Parameter("property", "code", most="*"),
    Parameter("coding", "Coding"),
)


def request(*query: tuple[str, str], body: Resource | None = None) -> FhirRequest:
    return FhirRequest("$expand", "POST", "ValueSet/$expand", parameters=query, body=body)


def sent(*query: tuple[str, str], body: Resource | None = None) -> list[Any]:
    found: list[Any] = inputs(request(*query, body=body), TAKES).parameters["parameter"]
    return found


def test_a_query_is_read_by_the_types_that_are_declared() -> None:
    assert [
        {"name": "url", "valueUri": "http://x.test"},
        {"name": "count", "valueInteger": 3},
        {"name": "activeOnly", "valueBoolean": True},
        {"name": "property", "valueCode": "a"},
        {"name": "property", "valueCode": "b"},
    ] == sent(("url", "http://x.test"), ("count", "3"), ("activeOnly", "true"), ("property", "a"), ("property", "b"))


def test_parameters_of_body_and_query_are_taken_together() -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "coding", "valueCoding": {"code": "a"}}]}
    assert ["coding", "count"] == [part["name"] for part in sent(("count", "3"), ("_format", "json"), body=body)]


def test_the_one_resource_may_be_the_body() -> None:
    body = {"resourceType": "ValueSet", "id": "v"}
    assert [{"name": "valueSet", "resource": body}] == sent(body=body)


@pytest.mark.parametrize(
    ("query", "body", "message"),
    [
        ([("cuont", "3")], None, "no parameter 'cuont'; did you mean 'count'"),
        ([("zzz", "3")], None, "no parameter 'zzz'; known are url"),
        ([("count", "three")], None, "count: a whole number"),
        ([("activeOnly", "yes")], None, "activeOnly: true or false"),
        ([("coding", "s|c")], None, "coding: send it in Parameters by POST"),
        ([("url", "a"), ("url", "b")], None, "url: once expected, found 2 times"),
        ([], {"resourceType": "Patient"}, "Parameters expected in the body, found 'Patient'"),
        ([], {"resourceType": "Parameters", "parameter": [{"name": "x"}]}, "no parameter 'x'"),
    ],
)
def test_what_is_not_understood_is_told(query: list[tuple[str, str]], body: Resource | None, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        sent(*query, body=body)


def test_what_must_be_given_is_asked_for() -> None:
    with pytest.raises(MalformedError, match="url: expected, found none"):
        inputs(request(), (Parameter("url", "uri", least=1),))
