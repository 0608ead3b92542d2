from tests.unit.governance.craft import BASE, TOKEN_URL, authority, registry

from careloom.governance import smart_configuration


def test_it_says_where_and_how_to_get_a_token() -> None:
    told = smart_configuration(authority(), registry())
    assert told["issuer"] == BASE
    assert told["token_endpoint"] == TOKEN_URL
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert {"RS384", "ES384"} <= set(told["token_endpoint_auth_signing_alg_values_supported"])
    assert {"client-confidential-asymmetric", "permission-v1", "permission-v2"} == set(told["capabilities"])


def test_it_names_no_algorithm_that_is_refused() -> None:
    told = smart_configuration(authority(), registry())
    assert not {"none", "HS256"} & set(told["token_endpoint_auth_signing_alg_values_supported"])
