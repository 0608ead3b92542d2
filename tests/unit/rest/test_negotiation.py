import pytest

from careloom.rest.errors import NotAcceptableError, UnsupportedMediaError
from careloom.rest.messages import FhirRequest
from careloom.rest.negotiation import (
    Format,
    acceptable_or_json,
    chosen_format,
    require_form_media,
    sent_family,
    takes_raw,
)


def _asking(*formats: str, type: str = "Patient", **headers: str) -> FhirRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    parameters = tuple(("_format", each) for each in formats)
    return FhirRequest("read", "GET", "", type=type, parameters=parameters, headers=named)


@pytest.mark.parametrize(
    ("accept", "family"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/fhir+json", "json"),
        ("Application/JSON", "json"),
        ("application/fhir+json; fhirVersion=4.0", "json"),
        ("application/fhir+xml", "xml"),
        ("text/xml", "xml"),
        ("application/fhir+xml;q=0.9, application/fhir+json;q=0.8", "xml"),
        ("application/fhir+xml;q=0.5, application/fhir+json", "json"),
        ("application/fhir+xml, */*", "xml"),
        ("application/fhir+xml;q=0, */*", "json"),
        ("application/fhir+json;q=0, */*;q=0.5", "xml"),
        ("application/json;q=0, application/*", "xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"),
        ("application/fhir+json; fhirVersion=5.0, application/fhir+xml; fhirVersion=4.0;q=0.1", "xml"),
    ],
)
def test_best_format_that_the_client_accepts_is_chosen(accept: str, family: str) -> None:
    assert chosen_format(_asking(accept=accept)).family == family


@pytest.mark.parametrize(
    "accept",
    [
        "text/turtle",
        "text/html",
        "application/fhir+json;q=0",
        "application/fhir+json; fhirVersion=5.0",
        "application/fhir+json;q=high",
        "application/fhir+json;q=0, application/xml;q=0, */*",
    ],
)
def test_clients_that_read_something_else_are_told_so(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=r"application/fhir\+json or application/fhir\+xml"):
        chosen_format(_asking(accept=accept))


@pytest.mark.parametrize(
    ("format", "family"),
    [
        ("json", "json"),
        ("application/fhir+json", "json"),
        ("application/fhir json", "json"),
        ("xml", "xml"),
        ("text/xml", "xml"),
        ("application/fhir xml", "xml"),
        ("application/json fhir", "json"),
        ("application/xml fhir; fhirVersion=4.0", "xml"),
    ],
)
def test_format_parameter_goes_before_the_header(format: str, family: str) -> None:
    assert chosen_format(_asking(format, accept="text/html")).family == family


@pytest.mark.parametrize("format", ["html", "ttl", "", "application/fhir+json; fhirVersion=3.0"])
def test_format_that_is_not_written_is_refused_and_told_in_json(format: str) -> None:
    with pytest.raises(NotAcceptableError):
        chosen_format(_asking(format))
    assert acceptable_or_json(_asking(format)) == Format()


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ("application/json", "application/json"),
        ("text/xml;q=0.9, text/json;q=0.8", "text/xml"),
        ("application/json, application/fhir+json;q=0.9", "application/json"),
        ("application/json+fhir", "application/fhir+json"),
        ("*/*", "application/fhir+json"),
    ],
)
def test_who_accepts_a_general_media_type_is_answered_in_it(accept: str, told: str) -> None:
    assert chosen_format(_asking(accept=accept)).content_type == f"{told}; charset=utf-8"


def test_version_of_fhir_is_named_to_who_asks_for_it() -> None:
    plain, versioned = "application/fhir+xml", "application/fhir+xml; fhirVersion=4.0"
    assert chosen_format(_asking(accept=plain)).content_type == f"{plain}; charset=utf-8"
    assert chosen_format(_asking(accept=versioned)).content_type == f"{versioned}; charset=utf-8"


@pytest.mark.parametrize(
    ("media", "family"),
    [
        ("application/fhir+json", "json"),
        ("application/json; charset=UTF-8", "json"),
        ("text/json", "json"),
        ("application/fhir+xml; fhirVersion=4.0", "xml"),
        ("text/xml", "xml"),
    ],
)
def test_bodies_in_json_and_xml_are_read(media: str, family: str) -> None:
    assert sent_family(_asking(content_type=media)) == family


@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/json; charset=utf-16", "application/fhir+json; fhirVersion=5.0"]
)
def test_bodies_in_anything_else_are_refused(media: str) -> None:
    with pytest.raises(UnsupportedMediaError):
        sent_family(_asking(content_type=media))


def test_a_form_must_be_said_to_be_one() -> None:
    require_form_media(_asking(content_type="application/x-www-form-urlencoded"))
    with pytest.raises(UnsupportedMediaError):
        require_form_media(_asking(content_type="application/json"))


@pytest.mark.parametrize(
    ("accept", "is_raw"),
    [("", True), ("*/*", True), ("image/png", True), ("application/fhir+json", False), ("application/xml", False)],
)
def test_binary_is_raw_unless_a_format_of_fhir_is_named(accept: str, is_raw: bool) -> None:
    assert takes_raw(_asking(type="Binary", accept=accept)) is is_raw
    assert not takes_raw(_asking("json", type="Binary", accept=accept))
    assert not takes_raw(_asking(accept=accept))
