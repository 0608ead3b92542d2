import pytest

from careloom.model import errors
from careloom.model.errors import CareloomError
from careloom.rest.errors import InsufficientScopeError, MethodNotAllowedError, TokenMissingError
from careloom.rest.outcomes import STATUS, refusal, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.MalformedError("x"), 400),
        (errors.LoginError("x"), 401),
        (errors.ForbiddenError("x"), 403),
        (errors.NotFoundError("x"), 404),
        (errors.ConflictError("x"), 409),
        (errors.DeletedError("x"), 410),
        (errors.StaleVersionError("x"), 412),
        (errors.MultipleMatchesError("x"), 412),
        (errors.InvalidError("x"), 422),
        (errors.DefinitionError("x"), 422),
        (errors.UnavailableError("x"), 503),
        (errors.CareloomError("x"), 500),
    ],
)
def test_each_error_has_its_status(error: CareloomError, status: int) -> None:
    answer = refusal(error)
    assert answer.status == status_of(error) == status
    assert answer.resource is not None
    assert answer.resource["issue"][0] | {"code": error.code, "diagnostics": "x"} == answer.resource["issue"][0]


def test_every_error_of_the_tree_has_a_status() -> None:
    tree = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CareloomError)]
    assert all(any(kind in STATUS for kind in each.__mro__[:-3]) for each in tree)


def test_refusals_carry_the_headers_of_their_status() -> None:
    assert refusal(TokenMissingError("x")).headers == {"WWW-Authenticate": 'Bearer realm="careloom"'}
    assert 'error="invalid_token"' in refusal(errors.LoginError("x")).headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in refusal(InsufficientScopeError("x")).headers["WWW-Authenticate"]
    assert refusal(MethodNotAllowedError("x", allow=["GET", "HEAD"])).headers == {"Allow": "GET, HEAD"}
    assert refusal(errors.UnavailableError("x")).headers == {"Retry-After": "1"}
