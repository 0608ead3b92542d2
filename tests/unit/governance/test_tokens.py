"""Access tokens against forgers: each bad token is made by hand, most of them with the hub's own key."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.governance.craft import (
    BASE,
    NOW,
    access_claims,
    access_header,
    assertion_claims,
    assertion_header,
    authority,
    base64url,
    es_signer,
    hmac_signer,
    key,
    raw_token,
    registry,
    seconds,
    unsigned,
)

from careloom.governance import Authority, Grant, Registry, parse_scopes, standing_grant, verify_token
from careloom.governance.jose import LONGEST_TOKEN
from careloom.governance.tokens import make_access_token
from careloom.model.errors import LoginError

KNOWN = registry()
hub_sign = es_signer(key("ES256", "hub"))


def verify(token: str, *, known: Registry = KNOWN, now: datetime = NOW, by: Authority | None = None) -> Grant:
    return verify_token(token, authority=by or authority(), registry=known, now=now)


def signed(header: dict[str, Any] | str | None = None, **claims: Any) -> str:
    return raw_token(header or access_header(), access_claims(**claims), hub_sign)


def reason(token: str, **changes: Any) -> str:
    with pytest.raises(LoginError) as refused:
        verify(token, **changes)
    return str(refused.value)


def test_a_token_made_by_hand_with_the_hub_key_is_recognised() -> None:
    assert verify(signed()) == Grant(
        client="gp-app",
        organisation="gp",
        scopes=parse_scopes("system/Patient.rs"),
        purpose="TREAT",
        expires=NOW + timedelta(minutes=5),
        token_id="token-1",
        issued=NOW,
    )


def test_a_token_of_the_hub_is_recognised_as_its_grant() -> None:
    client = KNOWN.clients[0]
    token, grant = make_access_token(authority(), client, scopes=client.scopes, purpose="", now=NOW)
    assert verify(token) == grant


def test_an_unsigned_token_is_refused() -> None:
    assert "signature" in reason(raw_token(access_header(), access_claims(), unsigned))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_algorithm_none_is_refused_in_any_case(algorithm: str) -> None:
    assert "alg" in reason(raw_token(access_header(alg=algorithm), access_claims(), unsigned))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_an_hmac_with_the_public_key_as_secret_is_refused(algorithm: str) -> None:
    public = key("ES256", "hub").public
    for secret in (public.jwk.as_pem(private=False), json.dumps(public.as_json()).encode(), b""):
        assert "alg" in reason(raw_token(access_header(alg=algorithm), access_claims(), hmac_signer(secret)))


@pytest.mark.parametrize("algorithm", ["RS384", "ES384", "PS384"])
def test_an_algorithm_that_does_not_fit_the_hub_key_is_refused(algorithm: str) -> None:
    assert "alg ES256 expected" in reason(signed(access_header(alg=algorithm)))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5c", "x5u", "x5t", "crit", "b64", "zip"])
def test_a_header_beyond_the_three_is_refused(name: str) -> None:
    attacker = key("ES256", "attacker")
    header = access_header(kid="attacker", **{name: attacker.public.as_json()})
    assert f"header {name!r}" in reason(raw_token(header, access_claims(), es_signer(attacker)))


def test_a_token_signed_with_a_key_of_somebody_else_is_refused() -> None:
    other = es_signer(key("ES256", "other"))
    assert "signature" in reason(raw_token(access_header(), access_claims(), other))
    assert "no key" in reason(raw_token(access_header(kid="other"), access_claims(), other))


def test_the_key_of_a_client_signs_no_access_token() -> None:
    client_key = key("ES256", "client")
    known = registry(keys=[client_key])
    token = raw_token(access_header(kid="client"), access_claims(), es_signer(client_key))
    assert "no key with kid 'client'" in reason(token, known=known)


def test_a_client_assertion_is_no_access_token() -> None:
    assert "typ" in reason(raw_token(assertion_header(), assertion_claims(), es_signer(key())))


@pytest.mark.parametrize("type", ["JWT", None, "at+jwt2", 7])
def test_a_token_of_another_type_is_refused(type: Any) -> None:
    assert "typ" in reason(signed(access_header(typ=type)))


def test_an_expired_token_is_refused_and_was_good_until_then() -> None:
    token = signed()
    assert verify(token, now=NOW + timedelta(seconds=299))
    assert reason(token, now=NOW + timedelta(minutes=5)) == "token: expired at 2026-11-22T11:05:00Z"


def test_a_token_from_the_future_is_refused() -> None:
    assert "future" in reason(signed(iat=seconds(NOW) + 60))


@pytest.mark.parametrize("issuer", ["https://other.example/fhir", f"{BASE}/", "", None, 7])
def test_a_token_of_another_issuer_is_refused(issuer: Any) -> None:
    assert "iss" in reason(signed(iss=issuer))


@pytest.mark.parametrize("audience", ["https://other.example/fhir", None, [], [BASE, "https://o.example"], 7])
def test_a_token_for_another_audience_is_refused(audience: Any) -> None:
    assert "aud" in reason(signed(aud=audience))


@pytest.mark.parametrize("value", [7, ["system/*.cruds"], {"a": 1}, True])
@pytest.mark.parametrize("name", ["iss", "sub", "client_id", "jti", "scope", "purpose_of_use"])
def test_a_claim_that_is_no_text_is_refused(name: str, value: Any) -> None:
    assert name in reason(signed(**{name: value}))


@pytest.mark.parametrize("value", [None, "1795345440", True, -5, 10**12, [1]])
@pytest.mark.parametrize("name", ["exp", "iat"])
def test_an_instant_of_the_wrong_kind_is_refused(name: str, value: Any) -> None:
    assert f"{name} expected as whole seconds" in reason(signed(**{name: value}))


@pytest.mark.parametrize("text", ["1.5", "1e3", "1e400", "NaN", "Infinity"])
def test_a_fraction_where_seconds_are_expected_is_refused(text: str) -> None:
    claims = json.dumps(access_claims()).replace(str(seconds(NOW)), text, 1)
    assert "whole numbers expected" in reason(raw_token(access_header(), claims, hub_sign))


def test_a_name_given_twice_is_refused() -> None:
    claims = json.dumps(access_claims())[:-1] + ', "scope": "system/*.cruds"}'
    assert "a name is there twice" in reason(raw_token(access_header(), claims, hub_sign))


def test_an_oversized_token_is_refused() -> None:
    assert "at most" in reason(signed(padding="x" * LONGEST_TOKEN))


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "=", lambda t: t + ".x", lambda t: t[1:], lambda t: " " + t]
)
def test_a_damaged_token_is_refused(change: Callable[[str], str]) -> None:
    assert reason(change(signed())).startswith("token: ")


def test_no_single_changed_letter_of_the_signature_is_accepted() -> None:
    head, _, signature = signed().rpartition(".")
    for at in range(0, len(signature), 5):
        other = "A" if signature[at] != "A" else "B"
        assert reason(f"{head}.{signature[:at]}{other}{signature[at + 1 :]}")


def test_a_claim_changed_in_place_breaks_the_signature() -> None:
    header, _, signature = signed().split(".")
    more = base64url(json.dumps(access_claims(scope="system/*.cruds")).encode())
    assert "signature" in reason(f"{header}.{more}.{signature}")


def test_a_malformed_scope_is_refused() -> None:
    assert "scope" in reason(signed(scope="patient/*.rs"))


def test_subject_and_client_must_be_the_same() -> None:
    assert "same" in reason(signed(sub="acute-app"))


def test_a_client_that_is_no_longer_registered_is_refused_at_once() -> None:
    token = signed()
    assert verify(token)
    assert "not registered" in reason(token, known=Registry())


def test_a_scope_that_was_taken_away_is_gone_at_once() -> None:
    token = signed()
    assert verify(token).scopes.permits("Patient", "s")
    assert not verify(token, known=registry(scopes="system/Patient.r")).scopes.permits("Patient", "s")


def test_a_token_signed_with_the_former_key_is_good_while_that_key_is_kept() -> None:
    changed = Authority(BASE, (key("ES256", "new"), key("ES256", "hub")))
    assert verify(signed(), by=changed)
    assert "no key" in reason(signed(), by=Authority(BASE, (key("ES256", "new"),)))


def test_no_refusal_repeats_the_token() -> None:
    for token in (signed(aud="x"), signed(exp=seconds(NOW)), "x" * 9000, signed()[:-3]):
        assert token[20:] not in reason(token)


def test_a_standing_grant_is_the_same_for_a_minute() -> None:
    client = KNOWN.clients[1]
    minute = NOW.replace(second=0, microsecond=0)
    grant = standing_grant(client, "TREAT", minute)
    assert standing_grant(client, "TREAT", minute + timedelta(seconds=59)) is grant
    assert standing_grant(client, "TREAT", minute + timedelta(seconds=60)).issued == minute + timedelta(seconds=60)
    assert standing_grant(replace(client, scopes=parse_scopes("system/*.r")), "TREAT", minute) != grant


def test_a_standing_grant_is_all_that_a_client_is_registered_for() -> None:
    client = replace(KNOWN.clients[1], scopes=parse_scopes("system/Composition.rs"))
    grant = standing_grant(client, "TREAT", NOW)
    assert (grant.client, str(grant.scopes), grant.purpose) == ("gp-app", "system/Composition.rs", "TREAT")
