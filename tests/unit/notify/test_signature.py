"""Signatures, judged by the library that the authors of Standard Webhooks publish."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from careloom.model.errors import InvalidError, LoginError
from careloom.notify.signature import check_keys, new_key_pair, new_secret, secret_bytes, signed_headers, verify

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BODY = b'{"resourceType":"Bundle"}'


def test_a_foreign_verifier_accepts_our_signature() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", datetime.now(UTC), BODY)
    assert {"resourceType": "Bundle"} == Webhook(secret).verify(BODY, headers)


def test_we_accept_a_foreign_signature() -> None:
    secret = new_secret()
    headers = {
        "webhook-id": "id-1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(secret).sign("id-1", NOW, BODY.decode()),
    }
    assert "id-1" == verify(secret, headers, BODY, now=NOW)


def test_one_right_signature_among_several_is_enough() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY)
    headers["webhook-signature"] = f"v1,AAAA v1a,BBBB {headers['webhook-signature']}"
    assert "id-1" == verify(secret, headers, BODY, now=NOW)


def test_a_signature_of_our_own_key_is_what_ed25519_makes_of_it() -> None:
    private, public = new_key_pair()
    headers = signed_headers(private, "id-1", NOW, BODY)
    scheme, _, signature = headers["webhook-signature"].partition(",")
    assert "v1a" == scheme
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    key.verify(base64.b64decode(signature), f"id-1.{int(NOW.timestamp())}.".encode() + BODY)
    assert "id-1" == verify(public, headers, BODY, now=NOW)


@pytest.mark.parametrize("change", ["body", "key", "scheme", "half"])
def test_any_change_breaks_the_signature_of_our_own_key(change: str) -> None:
    private, public = new_key_pair()
    headers = signed_headers(private, "id-1", NOW, BODY)
    if change == "scheme":
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1a,", "v1,")
    if change == "half":
        headers["webhook-signature"] = headers["webhook-signature"][:40]
    key = new_key_pair()[1] if change == "key" else public
    with pytest.raises(LoginError, match="webhook-signature"):
        verify(key, headers, BODY + b" " if change == "body" else BODY, now=NOW)


def test_a_key_may_be_written_with_its_public_half_behind() -> None:
    private, public = new_key_pair()
    halves = [base64.b64decode(each.partition("_")[2]) for each in (private, public)]
    both = "whsk_" + base64.b64encode(b"".join(halves)).decode()
    assert signed_headers(private, "id-1", NOW, BODY) == signed_headers(both, "id-1", NOW, BODY)


def test_while_keys_change_all_of_them_sign_and_any_of_them_verifies() -> None:
    old, new, (private, public) = new_secret(), new_secret(), new_key_pair()
    headers = signed_headers(f"{new}\n{old} {private}", "id-1", datetime.now(UTC), BODY)
    assert ["v1", "v1", "v1a"] == [each.partition(",")[0] for each in headers["webhook-signature"].split(" ")]
    for secret in (old, new):
        assert {"resourceType": "Bundle"} == Webhook(secret).verify(BODY, headers)
    for known in (old, new, public, f"{new_secret()} {old}", f"{new_key_pair()[1]} {public}"):
        assert "id-1" == verify(known, headers, BODY, now=datetime.now(UTC))


@pytest.mark.parametrize("timestamp", ["²", "1" * 5000, "-1", "1e9", "١٢٣"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY) | {"webhook-timestamp": timestamp}
    with pytest.raises(LoginError, match="webhook-timestamp"):
        verify(secret, headers, BODY, now=NOW)


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_any_change_breaks_the_signature(change: str) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY)
    if change == "id":
        headers["webhook-id"] = "id-2"
    if change == "timestamp":
        headers["webhook-timestamp"] = str(int(NOW.timestamp()) + 1)
    body = BODY + b" " if change == "body" else BODY
    with pytest.raises(LoginError, match="webhook-signature"):
        verify(new_secret() if change == "secret" else secret, headers, body, now=NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_timestamp_is_refused(minutes: int) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW + timedelta(minutes=minutes), BODY)
    with pytest.raises(LoginError, match="webhook-timestamp"):
        verify(secret, headers, BODY, now=NOW)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(missing: str) -> None:
    secret = new_secret()
    headers = signed_headers(secret, "id-1", NOW, BODY)
    del headers[missing]
    with pytest.raises(LoginError, match=missing):
        verify(secret, headers, BODY, now=NOW)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "c2VjcmV0LXdpdGhvdXQtcHJlZml4LWF0LWFsbA==", "whsec_%%%"]
)
def test_a_broken_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(InvalidError) as caught:
        secret_bytes(secret)
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(caught.value)


@pytest.mark.parametrize("keys", ["", "whsk_c2hvcnQ=", "whpk_" + "A" * 43 + "=", f"whsec_{'A' * 40} whsec_c2hvcnQ="])
def test_keys_of_which_one_cannot_sign_are_refused_without_repeating_it(keys: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_keys(keys)
    assert "c2hvcnQ" not in str(caught.value)
