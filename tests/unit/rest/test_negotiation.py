import pytest

from careloom.model.errors import CareloomError
from careloom.rest.messages import FhirRequest
from careloom.rest.negotiation import require_acceptable, require_form_media, require_resource_media
from careloom.rest.outcomes import NotAcceptableError, UnsupportedMediaError


def _asking(*formats: str, **headers: str) -> FhirRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return FhirRequest("read", "GET", "", parameters=tuple(("_format", each) for each in formats), headers=named)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/fhir+json",
        "Application/JSON",
        "application/fhir+json; fhirVersion=4.0",
        "application/fhir+xml;q=0.9, application/fhir+json;q=0.8",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ],
)
def test_clients_that_read_json_are_served(accept: str) -> None:
    require_acceptable(_asking(accept=accept))


@pytest.mark.parametrize(
    "accept",
    ["application/fhir+xml", "text/html", "application/fhir+json;q=0", "application/fhir+json; fhirVersion=5.0"],
)
def test_clients_that_read_something_else_are_told_so(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=r"application/fhir\+json expected"):
        require_acceptable(_asking(accept=accept))


@pytest.mark.parametrize("format", ["json", "application/fhir+json", "application/fhir json", "application/json"])
def test_format_parameter_goes_before_the_header(format: str) -> None:
    require_acceptable(_asking(format, accept="text/html"))


def test_format_that_is_not_written_is_refused() -> None:
    with pytest.raises(NotAcceptableError):
        require_acceptable(_asking("xml", accept="application/json"))


@pytest.mark.parametrize("media", ["application/fhir+json", "application/json; charset=UTF-8", "text/json"])
def test_bodies_in_json_are_read(media: str) -> None:
    require_resource_media(_asking(content_type=media))


@pytest.mark.parametrize("media", ["", "application/fhir+xml", "text/plain", "application/json; charset=utf-16"])
def test_bodies_in_anything_else_are_refused(media: str) -> None:
    with pytest.raises(UnsupportedMediaError):
        require_resource_media(_asking(content_type=media))


def test_compressed_bodies_are_refused() -> None:
    with pytest.raises(CareloomError, match="gzip"):
        require_resource_media(_asking(content_type="application/json", content_encoding="gzip"))


def test_a_form_must_be_said_to_be_one() -> None:
    require_form_media(_asking(content_type="application/x-www-form-urlencoded"))
    with pytest.raises(UnsupportedMediaError):
        require_form_media(_asking(content_type="application/json"))
