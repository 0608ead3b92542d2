import pytest

from careloom.model.errors import MalformedError, NotFoundError
from careloom.rest.outcomes import MethodNotAllowedError
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
        ("PUT", "Patient", "update", ("Patient", "", "")),
        ("DELETE", "Patient/1", "delete", ("Patient", "1", "")),
        ("GET", "Patient", "search-type", ("Patient", "", "")),
        ("POST", "Patient/_search", "search-type", ("Patient", "", "")),
        ("POST", "Patient/$validate", "$validate", ("Patient", "", "")),
        ("GET", "Patient/1/$validate", "$validate", ("Patient", "1", "")),
        ("POST", "", "transaction", ("", "", "")),
        ("POST", "/", "transaction", ("", "", "")),
        ("GET", "metadata", "capabilities", ("", "", "")),
        ("GET", ".well-known/smart-configuration", "smart-configuration", ("", "", "")),
        ("POST", "auth/token", "token", ("", "", "")),
    ],
)
def test_addresses_lead_to_interactions(method: str, path: str, code: str, values: tuple[str, str, str]) -> None:
    route = ROUTES.find(method, path)
    assert (route.interaction.code, (route.type, route.id, route.version_id)) == (code, values)


@pytest.mark.parametrize(
    "path", ["Unknown/1", "patient/1", "Patient/1/2", "Patient/_history", "Patient/$everything", "x", "Patient/1/_x/2"]
)
def test_nothing_is_offered_elsewhere(path: str) -> None:
    with pytest.raises(NotFoundError):
        ROUTES.find("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "Patient/1", ("GET", "PUT", "DELETE", "HEAD")),
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
