"""The token endpoint against good clients and bad ones; assertions are made by hand, without the code under test."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.governance.craft import (
    BASE,
    NOW,
    TOKEN_URL,
    Once,
    assertion_claims,
    assertion_header,
    authority,
    base64url,
    es_signer,
    form,
    hmac_signer,
    key,
    raw_token,
    registry,
    rs384_signer,
    seconds,
    unsigned,
)

from careloom.governance import OAuthError, PrivateKey, Registry, TokenAnswer, issue_token, token_form, verify_token
from careloom.governance.client_assertion import client_assertion
from careloom.governance.jose import LONGEST_TOKEN

MINUTE = timedelta(minutes=1)


def ask(
    parameters: Iterable[tuple[str, str]],
    *,
    known: Registry | None = None,
    once: Once | None = None,
    now: datetime = NOW,
) -> TokenAnswer | OAuthError:
    return issue_token(parameters, authority=authority(), registry=known or registry(), once=once or Once(), now=now)


def ask_with(header: dict[str, Any] | str | None = None, claims: dict[str, Any] | str | None = None) -> OAuthError:
    """Ask with an assertion that is properly signed by the client's key, whatever it says."""
    token = raw_token(header or assertion_header(), claims or assertion_claims(), es_signer(key()))
    return refused(ask(form(token)))


def token_form_items(signing: PrivateKey | None = None, **changes: Any) -> list[tuple[str, str]]:
    """The form that our own client side makes."""
    usual: dict[str, Any] = {"scope": "system/Patient.rs", "purpose": "TREAT"}
    made = token_form(signing or key(), client="gp-app", token_url=TOKEN_URL, now=NOW, **(usual | changes))
    return list(made.items())


def good(**changes: Any) -> str:
    """A token made by hand that is good but for the changes."""
    return raw_token(assertion_header(), assertion_claims(**changes), es_signer(key()))


def refused(answer: TokenAnswer | OAuthError) -> OAuthError:
    assert isinstance(answer, OAuthError), "a token was issued"
    return answer


def issued(answer: TokenAnswer | OAuthError) -> TokenAnswer:
    assert isinstance(answer, TokenAnswer), answer
    return answer


def test_an_assertion_made_by_hand_gets_a_token() -> None:
    token = raw_token(assertion_header(), assertion_claims(), es_signer(key()))
    answer = issued(ask(form(token)))
    assert answer.as_json() == {
        "access_token": answer.access_token,
        "token_type": "bearer",
        "expires_in": 300,
        "scope": "system/Patient.rs",
        "purpose_of_use": "TREAT",
    }


def test_the_token_is_recognised_as_what_was_granted() -> None:
    known = registry()
    answer = issued(ask(token_form_items(), known=known))
    assert verify_token(answer.access_token, authority=authority(), registry=known, now=NOW) == answer.grant


@pytest.mark.parametrize("algorithm", ["RS384", "ES384", "ES256", "PS384"])
def test_a_client_may_sign_with_each_accepted_algorithm(algorithm: str) -> None:
    signing = key(algorithm)
    answer = ask(token_form_items(signing=signing), known=registry(keys=[signing]))
    assert issued(answer).grant.client == "gp-app"


def test_an_rs384_assertion_made_by_hand_gets_a_token() -> None:
    signing = key("RS384")
    token = raw_token(assertion_header(alg="RS384"), assertion_claims(), rs384_signer(signing))
    assert issued(ask(form(token), known=registry(keys=[signing])))


def test_scopes_are_cut_down_to_what_the_client_is_registered_for() -> None:
    known = registry(scopes="system/Patient.r system/Composition.rs")
    answer = issued(ask(token_form_items(scope="system/*.rs system/Encounter.r"), known=known))
    assert answer.as_json()["scope"] == "system/Composition.rs system/Patient.r"


def test_without_a_purpose_there_is_a_token_without_a_purpose() -> None:
    answer = issued(ask(token_form_items(purpose="")))
    assert answer.grant.purpose == ""
    assert "purpose_of_use" not in answer.as_json()


def test_client_that_states_no_purpose_has_that_of_its_registration() -> None:
    rules = registry()
    clients = tuple(replace(each, purpose="HRESCH") if each.id == "gp-app" else each for each in rules.clients)
    known = replace(rules, clients=clients)
    assert issued(ask(token_form_items(purpose=""), known=known)).grant.purpose == "HRESCH"
    assert issued(ask(token_form_items(purpose="TREAT"), known=known)).grant.purpose == "TREAT"


@pytest.mark.parametrize(
    "purpose",
    ["HRESCH", "http://terminology.hl7.org/CodeSystem/v3-ActReason#HRESCH", "urn:oid:2.16.840.1.113883.5.8#HRESCH"],
)
def test_a_purpose_may_be_written_as_a_code_or_with_its_system(purpose: str) -> None:
    assert issued(ask(token_form_items(purpose=purpose))).grant.purpose == "HRESCH"


# The assertion itself


def test_an_unsigned_assertion_is_refused() -> None:
    token = raw_token(assertion_header(), assertion_claims(), unsigned)
    assert "signature" in refused(ask(form(token))).description


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_algorithm_none_is_refused_in_any_case(algorithm: str) -> None:
    token = raw_token(assertion_header(alg=algorithm), assertion_claims(), unsigned)
    assert refused(ask(form(token))).description.startswith("token: alg ES384 or RS384")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_an_hmac_with_the_public_key_as_secret_is_refused(algorithm: str) -> None:
    for secret in (key("RS384").jwk.as_pem(private=False), json.dumps(key().public.as_json()).encode(), b""):
        token = raw_token(assertion_header(alg=algorithm), assertion_claims(), hmac_signer(secret))
        assert "alg" in refused(ask(form(token))).description


@pytest.mark.parametrize("algorithm", ["RS256", "ES512", "EdDSA", "PS256", "es384", "ES384 ", 7, None, ["ES384"]])
def test_any_other_algorithm_is_refused(algorithm: Any) -> None:
    assert "alg" in ask_with(assertion_header(alg=algorithm)).description


def test_a_key_is_not_used_with_the_algorithm_of_another_kind_of_key() -> None:
    token = raw_token(assertion_header(alg="RS384"), assertion_claims(), rs384_signer(key("RS384")))
    assert refused(ask(form(token))).description == "token: alg ES384 expected for key 'k1', found 'RS384'"


def test_a_key_in_the_header_is_not_trusted() -> None:
    attacker = key("ES384", "attacker")
    header = assertion_header(jwk=attacker.public.as_json())
    token = raw_token(header, assertion_claims(), es_signer(attacker))
    assert refused(ask(form(token))).description == "token: header 'jwk' is not accepted, only alg, kid, typ"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jku", "http://127.0.0.1/keys.json"),
        ("x5u", "http://127.0.0.1/cert.pem"),
        ("x5c", ["MIIB"]),
        ("x5t", "abc"),
        ("crit", ["exp"]),
        ("crit", []),
        ("crit", ["b64"]),
        ("b64", False),
        ("zip", "DEF"),
        ("enc", "A256GCM"),
        ("p2c", 2_000_000_000),
        ("cty", "JWT"),
        ("unheard-of", 1),
    ],
)
def test_a_header_beyond_the_three_is_refused(name: str, value: Any) -> None:
    assert ask_with(assertion_header(**{name: value})).description.startswith(f"token: header '{name}'")


@pytest.mark.parametrize("type", [None, "at+jwt", "JOSE", "", 7])
def test_an_assertion_of_another_type_is_refused(type: Any) -> None:
    assert "typ 'JWT' expected" in ask_with(assertion_header(typ=type)).description


def test_an_access_token_is_no_assertion() -> None:
    answer = issued(ask(token_form_items()))
    assert "typ" in refused(ask(form(answer.access_token))).description


@pytest.mark.parametrize("kid", [None, "", "k2", "../../etc/passwd", "k1\u0000", 1, {"k": 1}])
def test_a_key_that_is_not_on_file_is_refused(kid: Any) -> None:
    assert "kid" in ask_with(assertion_header(kid=kid)).description


def test_a_client_cannot_speak_for_another_with_its_own_key() -> None:
    known = registry(keys=[key(kid="other")])
    assert "no key with kid 'k1'" in refused(ask(form(good()), known=known)).description


def test_a_changed_claim_breaks_the_signature() -> None:
    header, _, signature = good().split(".")
    claims = base64url(json.dumps(assertion_claims(jti="second")).encode())
    assert "signature" in refused(ask(form(f"{header}.{claims}.{signature}"))).description


@pytest.mark.parametrize(
    "text",
    ["a", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "!.!.!", "é.é.é", "\x00.\x00.\x00", "a" * (LONGEST_TOKEN + 1), "{}"],
)
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    assert refused(ask(form(text))).error == "invalid_client"


@pytest.mark.parametrize("change", ["=", "\n", " ", "+"])
def test_base64_that_is_not_canonical_is_refused(change: str) -> None:
    header, claims, signature = good().split(".")
    for token in (f"{header}{change}.{claims}.{signature}", f"{header}.{claims}.{signature}{change}"):
        assert refused(ask(form(token))).error == "invalid_client"


def test_a_truncated_assertion_is_refused() -> None:
    token = good()
    for length in range(0, len(token), 7):
        assert refused(ask(form(token[:length] or "x"))).error == "invalid_client"


def test_an_oversized_assertion_is_refused_before_it_is_read() -> None:
    token = good(padding="x" * LONGEST_TOKEN)
    assert "at most 8192 characters" in refused(ask(form(token))).description


@pytest.mark.parametrize(
    "claims",
    [
        '{"iss":"gp-app","iss":"acute-app"}',
        "[]",
        '"text"',
        "{",
        '{"exp":1e400}',
        '{"exp":NaN}',
        '{"exp":-Infinity}',
        "[" * 3000,
        '{"iss":"\\ud800"}',
        "",
    ],
)
def test_claims_that_are_not_one_plain_object_are_refused(claims: str) -> None:
    token = raw_token(assertion_header(), claims, es_signer(key()))
    assert refused(ask(form(token))).error == "invalid_client"


@pytest.mark.parametrize("header", ['{"alg":"none","alg":"ES384","kid":"k1","typ":"JWT"}', "[]", "null", "7"])
def test_a_header_that_is_not_one_plain_object_is_refused(header: str) -> None:
    token = raw_token(header, assertion_claims(), es_signer(key()))
    assert "header" in refused(ask(form(token))).description


# Its claims


@pytest.mark.parametrize("value", [None, "", "\ud800", "a\nb", 7, ["gp-app"], {"id": "gp-app"}, True, 1.5])
@pytest.mark.parametrize("name", ["iss", "sub", "jti"])
def test_a_claim_that_is_no_text_is_refused(name: str, value: Any) -> None:
    assert refused(ask(form(good(**{name: value})))).error == "invalid_client"


def test_an_unknown_client_is_refused() -> None:
    error = refused(ask(form(good(iss="stranger", sub="stranger"))))
    assert (error.error, error.client) == ("invalid_client", "stranger")
    assert error.description == "client 'stranger' is not registered here"


def test_subject_and_issuer_must_be_the_same_client() -> None:
    assert "sub 'gp-app' expected" in refused(ask(form(good(sub="acute-app")))).description


def test_a_client_id_in_the_form_must_be_that_of_the_assertion() -> None:
    assert "client_id" in refused(ask(form(good(), client_id="acute-app"))).description


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        BASE,
        f"{TOKEN_URL}/",
        TOKEN_URL.upper(),
        "https://other.example/fhir/auth/token",
        [],
        [TOKEN_URL, "https://other.example/token"],
        [TOKEN_URL, TOKEN_URL],
        [[TOKEN_URL]],
        {"url": TOKEN_URL},
        7,
    ],
)
def test_an_assertion_for_another_audience_is_refused(audience: Any) -> None:
    assert "aud" in refused(ask(form(good(aud=audience)))).description


def test_one_audience_in_a_list_is_one_audience() -> None:
    assert issued(ask(form(good(aud=[TOKEN_URL]))))


def test_an_expired_assertion_is_refused() -> None:
    error = refused(ask(form(good()), now=NOW + 4 * MINUTE))
    assert error.description == "token: expired at 2026-11-22T11:04:00Z"


@pytest.mark.parametrize("expires", [None, "1795345440", -1, 0, 10**11, True, {"at": 1}, [seconds(NOW)]])
def test_an_end_that_is_no_instant_is_refused(expires: Any) -> None:
    error = refused(ask(form(good(exp=expires))))
    assert "exp" in error.description or "expired" in error.description


@pytest.mark.parametrize("begins", [seconds(NOW), None])
def test_an_assertion_may_live_five_minutes_and_not_six(begins: int | None) -> None:
    assert issued(ask(form(good(iat=begins, exp=seconds(NOW + 5 * MINUTE)))))
    error = refused(ask(form(good(iat=begins, exp=seconds(NOW + 6 * MINUTE)))))
    assert "at most 5 minutes" in error.description


def test_an_assertion_made_long_ago_is_refused_though_its_end_is_near() -> None:
    assert "at most 5 minutes" in refused(ask(form(good(iat=seconds(NOW - 60 * MINUTE))))).description


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_an_assertion_from_the_future_is_refused(name: str) -> None:
    error = refused(ask(form(good(**{name: seconds(NOW + MINUTE)}))))
    assert f"{name} lies in the future" in error.description


def test_a_clock_that_is_seconds_ahead_is_forgiven() -> None:
    ahead = NOW + timedelta(seconds=5)
    assert issued(ask(form(good(iat=seconds(ahead), nbf=seconds(ahead), exp=seconds(ahead + 5 * MINUTE)))))


@pytest.mark.parametrize("value", ["1795345440", None, False, []])
def test_a_beginning_that_is_no_instant_is_refused(value: Any) -> None:
    claims = assertion_claims() | {"nbf": value}
    assert "nbf" in ask_with(claims=claims).description


# Replay


def test_a_replayed_assertion_is_refused() -> None:
    once, assertion = Once(), form(good())
    issued(ask(assertion, once=once))
    assert "used before" in refused(ask(assertion, once=once)).description


def test_the_same_jti_in_a_new_assertion_is_a_replay() -> None:
    once = Once()
    issued(ask(form(good()), once=once))
    assert "used before" in refused(ask(form(good(iat=seconds(NOW - MINUTE))), once=once)).description


def test_two_clients_may_choose_the_same_jti() -> None:
    once = Once()
    issued(ask(form(good()), once=once))
    assert issued(ask(form(good(iss="acute-app", sub="acute-app")), once=once))


def test_a_jti_is_remembered_for_as_long_as_the_assertion_could_be_used() -> None:
    once = Once()
    issued(ask(form(good()), once=once))
    assert min(once.seen.values()) >= NOW + 4 * MINUTE


def test_a_jti_is_remembered_beyond_the_assertion_as_far_as_clocks_may_differ() -> None:
    once = Once()
    issued(ask(form(good(exp=seconds(NOW + MINUTE))), once=once))
    assert list(once.seen.values()) == [NOW + MINUTE + timedelta(seconds=10)]


@pytest.mark.parametrize("changes", [{"scope": "nonsense"}, {"scope": None}, {"purpose_of_use": "FUN"}])
def test_a_refused_request_does_not_spend_the_assertion(changes: dict[str, Any]) -> None:
    once = Once()
    refused(ask(form(good(), **changes), once=once))
    assert issued(ask(form(good()), once=once))


def test_a_forged_assertion_does_not_spend_the_id_of_a_true_one() -> None:
    once = Once()
    forged = raw_token(assertion_header(), assertion_claims(), es_signer(key(kid="other")))
    refused(ask(form(forged), once=once))
    assert issued(ask(form(good()), once=once))


def test_a_jti_as_long_as_a_letter_is_refused() -> None:
    assert "jti of at most 256" in refused(ask(form(good(jti="x" * 257)))).description


# The form


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": None}, "invalid_client"),
        ({"client_assertion_type": "jwt"}, "invalid_client"),
        ({"client_assertion": None}, "invalid_client"),
        ({"client_assertion": ""}, "invalid_client"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "  "}, "invalid_scope"),
        ({"scope": "system/Patient.sr"}, "invalid_scope"),
        ({"scope": "patient/*.rs"}, "invalid_scope"),
        ({"purpose_of_use": "FUN"}, "invalid_request"),
        ({"purpose_of_use": "TREAT HRESCH"}, "invalid_request"),
        ({"purpose_of_use": "HPAYMT"}, "invalid_request"),
    ],
)
def test_a_wrong_form_gets_the_error_that_oauth_has_for_it(changes: dict[str, Any], error: str) -> None:
    assert refused(ask(form(good(), **changes))).error == error


def test_a_parameter_given_twice_is_refused() -> None:
    assert refused(ask([*form(good()), ("scope", "system/*.cruds")])).error == "invalid_request"


def test_a_scope_that_the_client_is_not_registered_for_is_refused() -> None:
    error = refused(ask(form(good(), scope="system/Composition.c"), known=registry(scopes="system/Patient.rs")))
    assert error.as_json() == {
        "error": "invalid_scope",
        "error_description": "client 'gp-app' is registered for none of: system/Composition.c",
    }


def test_form_and_assertion_must_not_state_different_purposes() -> None:
    assertion = client_assertion(key(), client="gp-app", token_url=TOKEN_URL, now=NOW, purpose="TREAT")
    error = refused(ask(form(assertion, purpose_of_use="HRESCH")))
    assert (error.error, "one purpose" in error.description) == ("invalid_request", True)


@pytest.mark.parametrize(
    "extensions",
    ["text", {"hl7-b2b": []}, {"hl7-b2b": {"purpose_of_use": "TREAT"}}, {"hl7-b2b": {"purpose_of_use": [1]}}],
)
def test_an_extension_of_the_wrong_shape_is_refused(extensions: Any) -> None:
    assert refused(ask(form(good(extensions=extensions)))).error == "invalid_request"


def test_an_error_description_keeps_to_the_characters_that_oauth_allows() -> None:
    error = OAuthError("invalid_client", 'typ "é" \\ \n expected')
    assert error.as_json()["error_description"] == "typ ??? ? ? expected"


def test_no_error_repeats_the_assertion() -> None:
    for token in (good(aud="elsewhere"), good(exp=0), good()[:-9], "x" * 9000):
        assert token[20:] not in refused(ask(form(token))).description
