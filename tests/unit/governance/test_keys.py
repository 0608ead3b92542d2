from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from tests.unit.governance.craft import key

from careloom.governance import jwks, new_key, private_key, public_keys
from careloom.governance.keys import ALGORITHMS
from careloom.model.errors import InvalidError


def public_jwk(**changes: Any) -> dict[str, Any]:
    return key().public.as_json() | changes


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_new_key_is_read_back_as_the_same_key(algorithm: str) -> None:
    made = key(algorithm)
    assert private_key(made.as_json()) == made
    assert public_keys(jwks([made.public])) == (made.public,)


def test_the_public_half_holds_no_secret() -> None:
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key("RS384").public.as_json().keys()


def test_a_private_key_does_not_show_in_its_text() -> None:
    made = key()
    assert str(made.as_json()["d"]) not in f"{made!r} {made}"


def test_a_curve_fixes_its_algorithm_and_rsa_leaves_two() -> None:
    rsa = key("RS384").public.as_json()
    del rsa["alg"]
    curve = public_jwk()
    del curve["alg"]
    assert [each.algorithms for each in public_keys({"keys": [rsa | {"kid": "r"}, curve]})] == [
        {"RS384", "PS384"},
        {"ES384"},
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "JWK set"),
        ({"keys": []}, "at least one"),
        ({"keys": {}}, "JWK set"),
        ({"keys": ["k"]}, "JSON object"),
        ({"keys": [public_jwk(kid=None)]}, "kid"),
        ({"keys": [public_jwk(kid="")]}, "kid"),
        ({"keys": [public_jwk(kid=7)]}, "kid"),
        ({"keys": [public_jwk(kid="x" * 257)]}, "kid"),
        ({"keys": [public_jwk(), public_jwk()]}, "two keys"),
        ({"keys": [public_jwk(kty="oct", k="c2VjcmV0")]}, "kty"),
        ({"keys": [public_jwk(kty=["EC"])]}, "kty"),
        ({"keys": [public_jwk(use="enc")]}, "not for signatures"),
        ({"keys": [public_jwk(alg="HS256")]}, "does not fit"),
        ({"keys": [public_jwk(alg="ES256")]}, "does not fit"),
        ({"keys": [public_jwk(alg="none")]}, "does not fit"),
        ({"keys": [public_jwk(x="!!")]}, "cannot be read"),
        ({"keys": [public_jwk(x=public_jwk()["y"])]}, "cannot be read"),
        ({"keys": [key().as_json()]}, "private key"),
        ({"keys": [OctKey.generate_key(256, {"kid": "o"}).as_dict()]}, "kty"),
        ({"keys": [OKPKey.generate_key("Ed25519", {"kid": "o"}, private=False).as_dict()]}, "kty"),
        ({"keys": [ECKey.generate_key("P-521", {"kid": "o"}, private=False).as_dict()]}, "curve"),
        ({"keys": [ECKey.generate_key("secp256k1", {"kid": "o"}, private=False).as_dict()]}, "curve"),
    ],
)
def test_a_key_that_is_no_public_signature_key_is_refused(value: Any, told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        public_keys(value)


@pytest.mark.filterwarnings("ignore:Key size")
def test_a_short_rsa_key_is_refused() -> None:
    short = RSAKey.generate_key(1024, {"kid": "short"}, private=False).as_dict()
    with pytest.raises(InvalidError, match="2048 to 4096 bits expected, found 1024"):
        public_keys({"keys": [short]})


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(InvalidError, match="public key"):
        private_key(public_jwk())


def test_only_known_algorithms_get_a_key() -> None:
    with pytest.raises(InvalidError, match="HS256"):
        new_key("HS256")
