import pytest

from careloom.model.errors import MalformedError, NotFoundError
from careloom.rest.errors import MethodNotAllowedError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.routes import Routes
from careloom.rest.table import INTERACTIONS

ROUTES = Routes(INTERACTIONS, {"Patient", "Observation"})


@pytest.mark.parametrize(
    ("method", "path", "code", "values"),
    [
        ("GET", "Patient/1", "read", ("Patient", "1", "")),
        ("HEAD", "/Patient/1", "read", ("Patient", "1", "")),
        ("GET", "Patient/1/_history/2", "vread", ("Patient", "1", "2")),
        ("GET", "Patient/1/_history", "history-instance", ("Patient", "1", "")),
        ("POST", "Patient", "create", ("Patient", "", "")),
        ("PUT", "Patient/1", "update", ("Patient", "1", "")),
        ("PATCH", "Patient/1", "patch", ("Patient", "1", "")),
        ("PATCH", "Patient", "patch", ("Patient", "", "")),
        ("PUT", "Patient", "update", ("Patient", "", "")),
        ("DELETE", "Patient/1", "delete", ("Patient", "1", "")),
        ("GET", "Patient", "search-type", ("Patient", "", "")),
        ("POST", "Patient/_search", "search-type", ("Patient", "", "")),
        ("POST", "Patient/$validate", "$validate", ("Patient", "", "")),
        ("GET", "Patient/1/$validate", "$validate", ("Patient", "1", "")),
        ("GET", "Patient/_history", "history-type", ("Patient", "", "")),
        ("GET", "_history", "history-system", ("", "", "")),
        ("GET", "", "search-system", ("", "", "")),
        ("POST", "_search", "search-system", ("", "", "")),
        ("POST", "", "transaction", ("", "", "")),
        ("POST", "/", "transaction", ("", "", "")),
        ("GET", "metadata", "capabilities", ("", "", "")),
        ("GET", ".well-known/smart-configuration", "smart-configuration", ("", "", "")),
        ("POST", "auth/token", "token", ("", "", "")),
    ],
)
def test_addresses_lead_to_interactions(method: str, path: str, code: str, values: tuple[str, str, str]) -> None:
    request = ROUTES.find(method, path).addressed(FhirRequest("", method, path))
    assert (request.code, (request.type, request.id, request.version_id)) == (code, values)


@pytest.mark.parametrize(
    ("path", "code", "type"),
    [("Patient/1/Observation", "search-type", "Observation"), ("Patient/1/*", "search-system", "")],
)
def test_compartment_is_told_beside_the_type(path: str, code: str, type: str) -> None:
    request = ROUTES.find("GET", path).addressed(FhirRequest("", "GET", path))
    assert (request.code, request.compartment, request.type, request.id) == (code, "Patient/1", type, "")


@pytest.mark.parametrize(
    "path",
    [
        "Unknown/1",
        "patient/1",
        "Patient/1/2",
        "Patient/$nothing",
        "Basic/1/Observation",
        "{type}/1",
        "{type}",
        "x",
        "Patient/1/_x/2",
    ],
)
def test_nothing_is_offered_elsewhere(path: str) -> None:
    with pytest.raises(NotFoundError):
        ROUTES.find("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "Patient/1", ("GET", "PUT", "PATCH", "DELETE", "HEAD")),
        ("DELETE", "metadata", ("GET", "HEAD")),
        ("GET", "Patient/_search", ("POST",)),
    ],
)
def test_method_that_is_not_offered_is_told_those_that_are(method: str, path: str, allow: tuple[str, ...]) -> None:
    with pytest.raises(MethodNotAllowedError) as refused:
        ROUTES.find(method, path)
    assert refused.value.allow == allow


@pytest.mark.parametrize("path", ["Patient/a b", "Patient/" + "a" * 65, "Patient/a\0", "Patient/1/_history/é"])
def test_what_is_no_id_is_malformed(path: str) -> None:
    with pytest.raises(MalformedError, match="expected, found"):
        ROUTES.find("GET", path)


def test_what_was_found_of_one_resource_leads_to_the_same_of_another_and_to_nothing_else() -> None:
    asked = []
    rows = Routes(INTERACTIONS, {"Patient"})
    for path in (
        "Patient/1",
        "Patient/1",
        "/Patient/2/",
        "Patient/_history",
        "Patient/1/_history",
        "Patient",
        "Patient/",
    ):
        route = rows.find("GET", path)
        asked.append((route.interaction.code, route.values.get("id", "")))
    assert asked == [
        ("read", "1"),
        ("read", "1"),
        ("read", "2"),
        ("history-type", ""),
        ("history-instance", "1"),
        ("search-type", ""),
        ("search-type", ""),
    ]
    for path, error in (
        ("Patient/a_b", MalformedError),
        ("Patient/$none", NotFoundError),
        ("Observation/1", NotFoundError),
    ):
        with pytest.raises(error):
            rows.find("GET", path)
    with pytest.raises(MethodNotAllowedError):
        rows.find("POST", "Patient/1")


def test_a_word_of_the_table_is_no_id_though_ids_were_met_before() -> None:
    rows = Routes(
        [Interaction("read", "GET", "{type}/{id}", _ask), Interaction("look", "GET", "{type}/look", _ask)][::-1],
        {"Patient"},
    )
    assert [rows.find("GET", path).interaction.code for path in ("Patient/1", "Patient/look", "Patient/2")] == [
        "read",
        "look",
        "read",
    ]


async def _ask(request: FhirRequest, hub: Hub) -> FhirResponse:
    return FhirResponse(200)
