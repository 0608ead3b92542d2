import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.unit.rest.counter import send
from tests.unit.rest.desk import Desk

from careloom.model.json import parse_json
from careloom.rest.openapi import openapi_document


def test_document_is_valid_openapi(desk: Desk) -> None:
    errors = [error.message for error in OpenAPIV31SpecValidator(openapi_document(desk.hub)).iter_errors()]
    assert errors == []


async def test_document_is_open_to_anybody(desk: Desk) -> None:
    answer = await send(desk, "GET", "/openapi.json", known=False)
    assert answer.status == 200 and answer.data is not None
    assert parse_json(answer.data)["openapi"] == "3.1.0"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/{type}/{id}", {"get", "put", "patch", "delete"}),
        ("/{type}", {"get", "post", "put", "patch", "delete"}),
        ("/", {"get", "post"}),
        ("/{type}/_history", {"get"}),
        ("/Patient/{owner}/{type}", {"get"}),
        ("/ValueSet/$expand", {"get", "post"}),
    ],
)
def test_every_address_of_the_table_is_told(path: str, methods: set[str], desk: Desk) -> None:
    assert set(openapi_document(desk.hub)["paths"][path]) == methods


def test_every_row_of_the_table_is_told_with_what_it_does(desk: Desk) -> None:
    document = openapi_document(desk.hub)
    told = [operation for path in document["paths"].values() for operation in path.values()]
    assert {tag for operation in told for tag in operation["tags"]} == {
        row.code for row in desk.hub.routes.interactions
    }
    assert [each["operationId"] for each in told if each["summary"] == each["tags"][0]] == []


@pytest.mark.parametrize(
    ("path", "method", "media"),
    [
        ("/.well-known/jwks.json", "get", {"application/json"}),
        ("/.well-known/smart-configuration", "get", {"application/json"}),
        ("/auth/token", "post", {"application/json"}),
        ("/_jobs/{id}/{file}", "get", {"application/fhir+ndjson", "application/fhir+json"}),
    ],
)
def test_what_is_no_resource_is_told_in_its_own_media_type(path: str, method: str, media: set[str], desk: Desk) -> None:
    operation = openapi_document(desk.hub)["paths"][path][method]
    assert set(operation["responses"]["2XX"]["content"]) == media
